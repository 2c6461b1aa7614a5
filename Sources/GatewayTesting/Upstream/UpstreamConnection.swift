/// One connection of a test upstream, served by one thread that blocks.
final class UpstreamConnection {
    /// Ends the connection before its peer does.
    private struct Done: Error {}

    private let wire: Wire
    private let number: Int
    private let opening: UpstreamManner.Opening
    private let context: TLSContext?
    private let ledger: UpstreamLedger
    private let timeout: Duration
    private let readMax: Int

    init(
        _ wire: Wire, number: Int, manner: UpstreamManner, context: TLSContext?, ledger: UpstreamLedger,
        timeout: Duration
    ) {
        self.wire = wire
        self.number = number
        opening = manner.opening
        readMax = manner.isOrdinary ? 1 : 65_536
        self.context = context
        self.ledger = ledger
        self.timeout = timeout
    }

    private var deadline: Deadline { Deadline(in: timeout) }

    func serve() {
        do {
            try begin()
            let engine = try context.map { try TLSEngine($0, serverName: nil) }
            let stream = ByteStream(wire, tls: engine, readMax: readMax)
            try stream.handshake(deadline: deadline)
            if case .closeAfterHandshake = opening {
                stream.close()
                return
            }
            try serve(stream, engine?.facts)
            stream.close()
        } catch is Done {
        } catch let error as MessageError where error != .truncated {
            ledger.add(violation: "connection \(number): \(error)")
        } catch {
            ledger.add(failure: "connection \(number): \(error)")
        }
        wire.close()
    }

    private func begin() throws {
        switch opening {
        case .normal, .closeAfterHandshake: break
        case .plaintextFirst(let octets): try wire.write(octets, deadline: deadline)
        case .garbage(let octets):
            try wire.write(octets, deadline: deadline)
            ByteStream(wire).close()
            throw Done()
        case .close: throw Done()
        case .hang:
            try? wire.waitUntilPeerLeaves(deadline: deadline)
            throw Done()
        }
    }

    private func serve(_ stream: ByteStream, _ facts: TLSFacts?) throws {
        let reader = MessageReader(stream)
        var place = 0
        while let head = try reader.readHead(deadline: deadline) {
            place += 1
            var request = UpstreamRequest(
                connection: number, place: place, head: head, peer: facts?.peer, tlsVersion: facts?.version)
            let index = ledger.record(request)
            reader.beginBody(WireFraming(request: head))
            var hash = RunningHash()
            /// Reads `count` octets of the body, or all of it.
            func readBody(_ count: Int = .max) throws {
                var left = count
                while left > 0, let part = try reader.readBody(max: min(left, 65_536), deadline: deadline) {
                    left -= part.count
                    hash.update(part)
                    request.bodyCount += part.count
                    request.body += part.prefix(max(0, UpstreamRequest.bodyKeptMax - request.body.count))
                    ledger.update(index, request)
                }
                if reader.bodyHasEnded, !request.isComplete {
                    request.isComplete = true
                    request.trailers = reader.trailers
                    request.bodySHA256 = hash.hexadecimal
                    ledger.update(index, request)
                }
            }
            if reader.bodyHasEnded { try readBody() }
            for step in ledger.script(for: request.path).steps(request) {
                switch step {
                case .readBody: try readBody()
                case .readBodyOctets(let count): try readBody(count)
                default: try perform(step, stream, reader)
                }
            }
            try readBody()
        }
    }

    private func perform(_ step: UpstreamStep, _ stream: ByteStream, _ reader: MessageReader) throws {
        switch step {
        case .readBody, .readBodyOctets: break
        case .write(let octets): try stream.write(octets, deadline: deadline)
        case .writePattern(let count): try writePattern(count, stream) { $0 }
        case .writePatternInChunks(let count):
            try writePattern(count, stream) { part in
                Array("\(String(part.count, radix: 16))\r\n".utf8) + part + [0x0D, 0x0A]
            }
        case .drip(let octets, let pause):
            for octet in octets {
                try stream.write([octet], deadline: deadline)
                guard ledger.pause(pause) else { throw Done() }
            }
        case .waitForGate(let gate):
            guard ledger.wait(forGate: gate, deadline: deadline) else { throw Done() }
        case .hang:
            try? stream.wire.waitUntilPeerLeaves(deadline: deadline)
            throw Done()
        case .echoOctets:
            while true {
                let octets = try reader.readRaw(max: 65_536, deadline: deadline)
                if octets.isEmpty { break }
                try stream.write(octets, deadline: deadline)
            }
            stream.close()
            throw Done()
        case .close:
            stream.close()
            throw Done()
        case .cutOff:
            ByteStream(stream.wire).close()
            throw Done()
        case .closeUnread:
            stream.wire.close()
            throw Done()
        case .reset:
            stream.wire.reset()
            throw Done()
        }
    }

    private func writePattern(_ count: Int, _ stream: ByteStream, framed: ([UInt8]) -> [UInt8]) throws {
        var offset = 0
        while offset < count {
            let part = OctetPattern.octets(from: offset, max: min(count - offset, 16_384))
            try stream.write(framed(Array(part)), deadline: deadline)
            offset += part.count
        }
    }
}
