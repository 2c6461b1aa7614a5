/// A connection that carries octets, with TLS or without, on which every wait has a deadline. Used by one thread at a
/// time.
final class ByteStream: Sendable {
    /// How the records of TLS, or the plain octets, are cut before they are sent.
    struct Cutting: Sendable {
        /// Octets in each TCP segment at most.
        var segmentOctets: Int?
        /// Octets in each record of the first flight at most: a ClientHello in pieces (RFC 8446 §5.1).
        var firstFlightRecordOctets: Int?
    }

    let wire: Wire
    let tls: TLSEngine?
    private let cutting: Cutting
    /// Octets of TLS that are taken from the socket at a time, at most.
    private let readMax: Int

    init(_ wire: Wire, tls: TLSEngine? = nil, cutting: Cutting = Cutting(), readMax: Int = 65_536) {
        self.wire = wire
        self.readMax = readMax
        self.tls = tls
        self.cutting = cutting
    }

    func handshake(deadline: Deadline) throws {
        guard let tls else { return }
        var isFirstFlight = true
        while true {
            let progress: TLSEngine.Progress
            do {
                progress = try tls.handshake()
            } catch {
                try? flush(deadline)  // the alert
                throw error
            }
            try flush(deadline, recordOctets: isFirstFlight ? cutting.firstFlightRecordOctets : nil)
            isFirstFlight = false
            if progress == .done { return }
            try receive("the handshake", deadline)
        }
    }

    /// What has arrived; empty: the other side will send no more.
    func read(max: Int = 65_536, _ awaited: String = "octets", deadline: Deadline) throws -> [UInt8] {
        guard let tls else { return try wire.read(max: max, awaited, deadline: deadline) }
        while true {
            let (octets, progress) = try tls.read(max: max)
            try? flush(deadline)  // what the records asked for: key updates, alerts
            switch progress {
            case .done: return octets
            case .ended: return []
            case .needsInput:
                let records = try wire.read(max: readMax, awaited, deadline: deadline)
                if records.isEmpty { return [] }
                tls.receive(records)
            }
        }
    }

    func write(_ octets: [UInt8], deadline: Deadline) throws {
        guard let tls else { return try send(octets, deadline) }
        var rest = octets[...]
        while !rest.isEmpty {
            try tls.write(Array(rest.prefix(65_536)))
            try flush(deadline)
            rest = rest.dropFirst(65_536)
        }
    }

    /// Says that nothing more will be sent: close_notify where there is TLS, then FIN.
    func closeWriting(deadline: Deadline = Deadline(in: .seconds(5))) {
        tls?.closeWriting()
        try? flush(deadline)
        wire.closeWriting()
    }

    /// Says close_notify alone.
    func closeNotify(deadline: Deadline = Deadline(in: .seconds(5))) {
        tls?.closeWriting()
        try? flush(deadline)
    }

    /// Ends the connection in good order, as far as the other side lets it. What it has sent and nobody read is read
    /// and dropped first: otherwise the kernel would send RST, which may overtake the answer.
    func close() {
        closeWriting()
        let deadline = Deadline(in: .seconds(2))
        while wire.isReadable, let octets = try? wire.read(deadline: deadline), !octets.isEmpty {}
        wire.close()
    }

    private func receive(_ awaited: String, _ deadline: Deadline) throws {
        let records = try wire.read(max: readMax, awaited, deadline: deadline)
        guard !records.isEmpty else {
            throw tls?.failure("connection closed during \(awaited)") ?? WireError.reset as any Error
        }
        tls?.receive(records)
    }

    private func flush(_ deadline: Deadline, recordOctets: Int? = nil) throws(WireError) {
        guard let tls else { return }
        let records = tls.recordsToSend()
        guard !records.isEmpty else { return }
        try send(recordOctets.map { TLSRecords.cut(records, recordOctets: $0) } ?? records, deadline)
    }

    private func send(_ octets: [UInt8], _ deadline: Deadline) throws(WireError) {
        guard let size = cutting.segmentOctets else { return try wire.write(octets, deadline: deadline) }
        var rest = octets[...]
        while !rest.isEmpty {
            try wire.write(Array(rest.prefix(size)), deadline: deadline)
            rest = rest.dropFirst(size)
        }
    }
}

/// The record layer of TLS (RFC 8446 §5.1): type, version, length, then that many octets.
enum TLSRecords {
    /// The same octets in records that carry `recordOctets` at most.
    static func cut(_ records: [UInt8], recordOctets: Int) -> [UInt8] {
        var out: [UInt8] = []
        var rest = records[...]
        while rest.count >= 5 {
            let head = rest.prefix(5)
            let length = Int(head[head.startIndex + 3]) << 8 | Int(head[head.startIndex + 4])
            var body = rest.dropFirst(5).prefix(length)
            rest = rest.dropFirst(5 + length)
            while !body.isEmpty {
                let piece = body.prefix(recordOctets)
                out += head.prefix(3) + [UInt8(piece.count >> 8 & 0xFF), UInt8(piece.count & 0xFF)] + piece
                body = body.dropFirst(recordOctets)
            }
        }
        return out
    }
}
