import HTTP
import NIOCore

/// Reads the answers on one HTTP/1.1 connection from octets that may come in any pieces (RFC 9112 §4, §6). No I/O: each
/// call takes one part from the front of the octets.
struct HTTP1ResponseDecoder: ~Copyable {
    enum Part {
        /// The head goes on; nothing was taken.
        case incompleteHead
        /// The body goes on; what delimits it was taken.
        case incompleteBody
        /// An interim head (1xx).
        case interim
        /// The head of 101 (Switching Protocols): what follows is not an answer.
        case switched
        /// The final head, and whether the connection may serve again behind its body.
        case head(BodyFraming, keepsAlive: Bool)
        case body(ByteBuffer, isLast: Bool)
        /// The end of a body in chunks, and the last part of it; `trailers` tells what came with it.
        case end(ByteBuffer?)
        case malformed
    }

    private enum State {
        case head
        case length(left: Int)
        case chunks
        case untilClose
    }

    private var state = State.head
    private var parser = HeadParser(limits: HeadLimits())
    private var chunks = ChunkedDecoder()
    private var method = Method.get
    private var upgrade = false
    private var interims = 0
    /// Why the last part was malformed, for records.
    private(set) var brokenRule: String?

    /// What comes next answers a request with this method. `upgrade`: it asked for another protocol.
    mutating func begin(method: Method, upgrade: Bool) {
        state = .head
        self.method = method
        self.upgrade = upgrade
        interims = 0
    }

    /// The next part; `octets` is not empty. Heads are read into `response`.
    mutating func next(_ octets: inout ByteBuffer, into response: inout ResponseHead) -> Part {
        switch state {
        case .head: return readHead(&octets, into: &response)
        case .length(let left):
            let count = min(left, octets.readableBytes)
            guard let part = octets.readSlice(length: count) else { return .malformed }
            state = .length(left: left &- count)
            return .body(part, isLast: count == left)
        case .chunks: return readChunks(&octets)
        case .untilClose:
            guard let part = octets.readSlice(length: octets.readableBytes) else { return .malformed }
            return .body(part, isLast: false)
        }
    }

    /// The trailer fields of a body in chunks that has ended, as far as they may be there and `keeps` accepts them.
    func trailers(_ keeps: (borrowing FieldBlock, Field) -> Bool) -> FieldList { chunks.trailerFields(keeps) }

    private mutating func readHead(_ octets: inout ByteBuffer, into response: inout ResponseHead) -> Part {
        do {
            guard let consumed = try parser.parseResponse(octets.readableBytesUInt8Span, into: &response) else {
                return .incompleteHead
            }
            octets.moveReaderIndex(forwardBy: min(consumed, octets.readableBytes))
        } catch {
            return malformed("\(error)")
        }
        if response.status == 101 {
            // Nobody may change the protocol unasked (RFC 9110 §15.2.2).
            return upgrade && response.first(.upgrade) != nil ? .switched : malformed("unwantedUpgrade")
        }
        if response.status < 200 {
            interims += 1
            return interims <= TransportBounds.interimAnswersMax ? .interim : malformed("tooManyInterimAnswers")
        }
        let framing: BodyFraming
        do { framing = try response.framing(answering: method) } catch { return malformed("\(error)") }
        switch framing {
        case .none: state = .length(left: 0)
        case .length(let length): state = .length(left: length)
        case .chunked:
            state = .chunks
            chunks = ChunkedDecoder(ofAnswer: true)
        case .untilClose, .tunnel: state = .untilClose
        }
        return .head(framing, keepsAlive: response.keepsAlive(answering: method) && !upgrade)
    }

    private mutating func readChunks(_ octets: inout ByteBuffer) -> Part {
        do {
            let (part, hasEnded) = try chunks.nextPart(&octets)
            if hasEnded { return .end(part) }
            guard let part else { return .incompleteBody }
            return .body(part, isLast: false)
        } catch {
            return malformed("\(error)")
        }
    }

    /// - Parameter rule: the name of a `HeadError`, or one like it; it stands in records as words with `_` between them.
    private mutating func malformed(_ rule: String) -> Part {
        brokenRule = rule.reduce(into: "") { word, letter in
            if letter.isUppercase { word.append("_") }
            word.append(letter.lowercased())
        }
        return .malformed
    }
}
