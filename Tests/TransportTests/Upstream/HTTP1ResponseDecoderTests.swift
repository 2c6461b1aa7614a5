import HTTP
import NIOCore
import Testing

@testable import Transport

/// A part of an answer as tests write it down.
private enum Read: Equatable, Sendable {
    case interim(Int)
    case switched
    case head(Int, BodyFraming, keepsAlive: Bool)
    case body(String, isLast: Bool)
    case end(String)
    case malformed
}

private struct Answer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let octets: String
    var method = Method.get
    var upgrade = false
    let parts: [Read]

    init(_ title: String, _ octets: String, method: Method = .get, upgrade: Bool = false, _ parts: [Read]) {
        testDescription = title
        self.octets = octets
        self.method = method
        self.upgrade = upgrade
        self.parts = parts
    }
}

/// Reads an answer that comes in pieces of so many octets, to its end or to what is malformed. Pieces of a body are put
/// together.
private func read(_ answer: Answer, inPiecesOf size: Int) -> (parts: [Read], rest: String) {
    var decoder = HTTP1ResponseDecoder()
    decoder.begin(method: answer.method, upgrade: answer.upgrade)
    var response = ResponseHead()
    var parts: [Read] = []
    var buffer = ByteBuffer()
    var rest = Array(answer.octets.utf8)[...]
    reading: while !rest.isEmpty {
        buffer.writeBytes(rest.prefix(size))
        rest = rest.dropFirst(size)
        while buffer.readableBytes > 0 {
            switch decoder.next(&buffer, into: &response) {
            case .incompleteHead, .incompleteBody: continue reading
            case .interim: parts.append(.interim(response.status))
            case .switched:
                parts.append(.switched)
                break reading
            case .head(let framing, let keepsAlive):
                parts.append(.head(response.status, framing, keepsAlive: keepsAlive))
                if framing == .none || framing == .length(0) { break reading }
            case .body(let part, let isLast):
                let text = String(buffer: part)
                if case .body(let before, _) = parts.last {
                    parts[parts.count - 1] = .body(before + text, isLast: isLast)
                } else {
                    parts.append(.body(text, isLast: isLast))
                }
                if isLast { break reading }
            case .end(let part):
                if let part {
                    let text = String(buffer: part)
                    if case .body(let before, _) = parts.last {
                        parts[parts.count - 1] = .body(before + text, isLast: false)
                    } else {
                        parts.append(.body(text, isLast: false))
                    }
                }
                let trailers = decoder.trailers { _, _ in true }
                let fields = trailers.entries.map { "\(trailers.text($0.name))=\(trailers.text($0.value))" }
                parts.append(.end(fields.joined(separator: ", ")))
                break reading
            case .malformed:
                return (parts + [.malformed], "")
            }
        }
    }
    return (parts, String(buffer: buffer) + String(decoding: rest, as: UTF8.self))
}

private let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"

@Suite("an upstream's answer")
struct HTTP1ResponseDecoderTests {
    @Test(
        "is read in the same parts, however its octets are cut",
        arguments: [
            Answer(
                "with a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                [.head(200, .length(5), keepsAlive: true), .body("hello", isLast: true)]),
            Answer(
                "with a length of nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                [.head(200, .length(0), keepsAlive: true)]),
            Answer(
                "in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n",
                [.head(200, .chunked, keepsAlive: true), .body("hello!", isLast: false), .end("")]),
            Answer(
                "with trailers",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nServer-Timing: db\r\n\r\n",
                [.head(200, .chunked, keepsAlive: true), .body("a", isLast: false), .end("Server-Timing=db")]),
            Answer(
                "until the connection ends", "HTTP/1.1 200 OK\r\n\r\nhello",
                [.head(200, .untilClose, keepsAlive: true), .body("hello", isLast: false)]),
            Answer(
                "that closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
                [.head(200, .length(1), keepsAlive: false), .body("a", isLast: true)]),
            Answer(
                "of HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
                [.head(200, .length(1), keepsAlive: false), .body("a", isLast: true)]),
            Answer(
                "to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method: .head,
                [.head(200, .none, keepsAlive: true)]),
            Answer("204", "HTTP/1.1 204 No Content\r\n\r\n", [.head(204, .none, keepsAlive: true)]),
            Answer(
                "304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", [.head(304, .none, keepsAlive: true)]),
            Answer(
                "behind interim ones", hints + hints + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
                [.interim(103), .interim(103), .head(200, .length(1), keepsAlive: true), .body("a", isLast: true)]),
            Answer(
                "101 to a request for another protocol",
                "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", upgrade: true,
                [.switched]),
            Answer(
                "101 unasked", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                [.malformed]),
            Answer("101 to nothing", "HTTP/1.1 101 Switching Protocols\r\n\r\n", upgrade: true, [.malformed]),
            Answer(
                "that stays with HTTP though another protocol was asked for",
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", upgrade: true,
                [.head(200, .length(1), keepsAlive: false), .body("a", isLast: true)]),
            Answer("that is none", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", [.malformed]),
            Answer(
                "with chunks that are none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
                [.head(200, .chunked, keepsAlive: true), .malformed]),
            // What follows is the next answer's, if there were one: the connection ends.
            Answer(
                "204 that speaks of chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
                [.head(204, .none, keepsAlive: false)]),
        ], [1, 2, 7, 1_000])
    private func parts(of answer: Answer, size: Int) {
        let (parts, rest) = read(answer, inPiecesOf: size)
        #expect(parts == answer.parts)
        #expect(rest.isEmpty)
    }

    @Test("leaves what lies behind it", arguments: [1, 1_000])
    func rest(size: Int) {
        for whole in [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        ] {
            #expect(read(Answer("", whole + "HTTP/1.1 500 ", []), inPiecesOf: size).rest == "HTTP/1.1 500 ")
        }
    }

    @Test("may follow 16 interim ones, and not 17")
    func interimBound() {
        let last = "HTTP/1.1 204 No Content\r\n\r\n"
        let most = read(Answer("", String(repeating: hints, count: 16) + last, []), inPiecesOf: 100)
        #expect(most.parts.count == 17)
        #expect(most.parts.last == .head(204, .none, keepsAlive: true))
        let more = read(Answer("", String(repeating: hints, count: 17) + last, []), inPiecesOf: 100)
        #expect(more.parts.count == 17)
        #expect(more.parts.last == .malformed)
    }

    @Test("is read the same after another one, whatever that was")
    func again() {
        var decoder = HTTP1ResponseDecoder()
        var response = ResponseHead()
        for octets in [
            String(repeating: hints, count: 16) + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "HTTP/1.1 204 No Content\r\n\r\n",
            String(repeating: hints, count: 16) + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        ] {
            decoder.begin(method: .get, upgrade: false)
            var buffer = ByteBuffer(string: octets)
            while buffer.readableBytes > 0 {
                if case .malformed = decoder.next(&buffer, into: &response) { Issue.record("malformed: \(octets)") }
            }
        }
    }
}
