/// How a raw client connects.
package struct RawClientSettings: Sendable {
    /// nil: plain TCP.
    package var tls: TLSSettings? = TLSSettings()
    /// SNI; nil: none.
    package var serverName: String? = "localhost"
    /// Resumes this session of an earlier connection, if the server agrees; nil: begins anew.
    package var session: TLSSession?
    /// Octets in each TCP segment at most; nil: as the kernel likes.
    package var segmentOctets: Int?
    /// Octets of the ClientHello in each TLS record at most; nil: one record.
    package var helloRecordOctets: Int?
    /// Octets sent in the clear before the handshake.
    package var octetsBeforeHandshake: [UInt8] = []
    /// Size of the kernel's buffer for what arrives; small ones make back-pressure felt early.
    package var receiveBufferBytes: Int?
    /// For each single wait.
    package var timeout = Deadline.durationDefault

    package init(tls: TLSSettings? = TLSSettings()) { self.tls = tls }

    /// Without TLS.
    package static let plaintext = RawClientSettings(tls: nil)
}

/// A client that sends whatever octets a test likes, over OpenSSL or plain TCP, for input that no honest client sends.
///
/// Its methods block a thread of its own, never one of Swift's pool, and each wait has a deadline.
package actor RawTLSClient {
    private nonisolated let executor = ThreadExecutor(name: "raw client")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let stream: ByteStream
    private let reader: MessageReader
    private let timeout: Duration
    /// The kernel tells of RST once only.
    private var wasReset = false
    /// What TLS agreed on; nil without TLS.
    package nonisolated let facts: TLSFacts?

    /// Connects to a port of 127.0.0.1 and completes the TLS handshake.
    /// - Throws: `WireError`, `TLSFailure` with the alert.
    package static func connect(port: Int, _ settings: RawClientSettings = RawClientSettings()) async throws
        -> RawTLSClient
    {
        let (stream, facts) = try await BlockingThread.run(name: "raw connect") {
            try Self.open(port: port, settings)
        }
        return RawTLSClient(stream, facts, timeout: settings.timeout)
    }

    private init(_ stream: ByteStream, _ facts: TLSFacts?, timeout: Duration) {
        self.stream = stream
        self.facts = facts
        self.timeout = timeout
        reader = MessageReader(stream)
    }

    private static func open(port: Int, _ settings: RawClientSettings) throws -> (ByteStream, TLSFacts?) {
        let deadline = Deadline(in: settings.timeout)
        let wire = try Wire.connect(port: port, receiveBufferBytes: settings.receiveBufferBytes, deadline: deadline)
        var engine: TLSEngine?
        if let tls = settings.tls {
            engine = try TLSEngine(
                TLSContext(server: false, tls), serverName: settings.serverName, resuming: settings.session)
        }
        let stream = ByteStream(
            wire, tls: engine,
            cutting: .init(segmentOctets: settings.segmentOctets, firstFlightRecordOctets: settings.helloRecordOctets))
        try wire.write(settings.octetsBeforeHandshake, deadline: deadline)
        try stream.handshake(deadline: deadline)
        return (stream, engine?.facts)
    }

    // MARK: Sending

    /// Sends octets, each piece in a write and, with TLS, a record of its own.
    package func write(_ pieces: [[UInt8]]) throws {
        for piece in pieces { try stream.write(piece, deadline: Deadline(in: timeout)) }
    }

    package func write(_ octets: [UInt8]) throws { try write([octets]) }
    package func write(_ text: String) throws { try write([Array(text.utf8)]) }

    /// Sends octets under TLS' feet, as they are.
    package func writeBelowTLS(_ octets: [UInt8]) throws {
        try stream.wire.write(octets, deadline: Deadline(in: timeout))
    }

    /// Says that nothing more will be sent, and goes on reading.
    package func closeWriting() { stream.closeWriting() }

    /// The same inside TLS only (close_notify): the TCP connection stays open in both directions.
    package func closeNotify() { stream.closeNotify() }

    /// Sends FIN without TLS' close_notify.
    package func cutOff() { stream.wire.closeWriting() }

    /// Breaks the connection off (RST).
    package func reset() { stream.wire.reset() }

    /// Closes in good order.
    package func close() { stream.close() }

    // MARK: Reading

    /// The next answer, with the 1xx answers before it.
    /// - Parameter method: what was asked, since answers to HEAD have no body.
    /// - Throws: `MessageError.truncated` when the connection ends before the head does.
    package func readAnswer(to method: String = "GET") throws -> RawAnswer {
        guard let answer = try readAnswerOrEnd(to: method) else { throw MessageError.truncated }
        return answer
    }

    /// The next answer; nil when the connection ends before its first octet.
    package func readAnswerOrEnd(to method: String = "GET") throws -> RawAnswer? {
        var informational: [MessageHead] = []
        while !wasReset, let head = try reader.readHead(deadline: Deadline(in: timeout)) {
            let words = head.words
            let status = words.count > 1 ? Int(words[1]) ?? 0 : 0
            if (100..<200).contains(status), status != 101 {
                informational.append(head)
                continue
            }
            reader.beginBody(WireFraming(status: status, answering: method, head))
            var body: [UInt8] = []
            do {
                while let part = try reader.readBody(deadline: Deadline(in: timeout)) { body += part }
            } catch WireError.reset {
                wasReset = true
            } catch MessageError.truncated {}
            return RawAnswer(
                head: head, status: status, body: body, trailers: reader.trailers, isComplete: reader.bodyHasEnded,
                informational: informational)
        }
        guard informational.isEmpty else { throw MessageError.truncated }
        return nil
    }

    /// All answers until the other side ends the connection, and how it ends it.
    /// - Parameter methods: of the requests sent, in their order; `GET` for those behind them.
    package func readToEnd(methods: [String] = []) throws -> (answers: [RawAnswer], ending: ConnectionEnding) {
        var answers: [RawAnswer] = []
        do {
            while let answer = try readAnswerOrEnd(to: answers.count < methods.count ? methods[answers.count] : "GET") {
                answers.append(answer)
            }
        } catch WireError.reset {
            wasReset = true
        }
        if wasReset { return (answers, .reset) }
        return (answers, stream.tls.map { $0.peerClosed } ?? true ? .closed : .cutOff)
    }

    /// Octets as they come, until `count` of them are there or the other side ends.
    package func read(count: Int) throws -> [UInt8] {
        var octets: [UInt8] = []
        while octets.count < count {
            let part = try reader.readRaw(max: count - octets.count, deadline: Deadline(in: timeout))
            if part.isEmpty { break }
            octets += part
        }
        return octets
    }

    /// What a later connection can resume; with TLS 1.3 once an answer was read, since the tickets come after the
    /// handshake.
    package var session: TLSSession? { stream.tls?.session }

    /// The alert that arrived, 0 to 255; nil: none.
    package var alertReceived: UInt8? { stream.tls?.alertReceived }

    /// The port of this side, by which an audit record knows the connection.
    package var localPort: Int { stream.wire.localPort }
}
