import HTTP
import Testing

@Suite("Bodies in chunks")
struct ChunkedDecoderTests {
    struct Decoded: Equatable {
        var body: [UInt8] = []
        var error: HeadError?
        var rest: Int?
        var trailers: [UInt8] = []
    }

    /// Decodes octets that arrive in pieces ending at each of `ends`.
    private func decode(_ octets: [UInt8], ends: some Sequence<Int>) -> Decoded {
        var decoder = ChunkedDecoder()
        var decoded = Decoded()
        var used = 0
        for end in ends {
            let piece = Array(octets[..<max(end, used)])
            do throws(HeadError) {
                reading: while true {
                    switch try decoder.next(piece.span, from: used) {
                    case .data(let range):
                        #expect(!range.isEmpty)
                        decoded.body += piece[range]
                        used = range.upperBound
                    case .needMore(let consumed):
                        used = consumed
                        break reading
                    case .end(let consumed):
                        decoded.rest = octets.count - consumed
                        decoded.trailers = lines(decoder.trailerFields { _, _ in true })
                        return decoded
                    }
                }
            } catch {
                decoded.error = error
                return decoded
            }
        }
        return decoded
    }

    private func decode(_ text: String) -> Decoded {
        let octets = latin1(text)
        return decode(octets, ends: [octets.count])
    }

    @Test(
        "white space may stand before an extension; behind a size without one only in an answer",
        arguments: [
            ("2 ;a=b\r\nhi\r\n0\r\n\r\n", true), ("2\t ; a=b\r\nhi\r\n0 ;c\r\n\r\n", true),
            ("2   \r\nhi\r\n0\r\n\r\n", false),
            ("2\r\nhi\r\n0 \r\n\r\n", false),
        ])
    func padding(_ text: String, _ isGrammar: Bool) throws {
        for ofAnswer in [true, false] {
            var decoder = ChunkedDecoder(ofAnswer: ofAnswer)
            let octets = Array(text.utf8)
            var body: [UInt8] = []
            var (index, ended, fault) = (0, false, false)
            while !ended, !fault, index < octets.count {
                do throws(HeadError) {
                    switch try decoder.next(octets.span, from: index) {
                    case .data(let range):
                        body += octets[range]
                        index = range.upperBound
                    case .needMore(let consumed): index = consumed
                    case .end(let consumed):
                        index = consumed
                        ended = true
                    }
                } catch { fault = true }
            }
            #expect(fault == !(isGrammar || ofAnswer))
            if !fault { #expect(ended && index == octets.count && body == Array("hi".utf8)) }
        }
    }

    @Test(
        "a body is put together from its chunks",
        arguments: [
            ("0\r\n\r\n", "", 0), ("5\r\nhello\r\n0\r\n\r\n", "hello", 0),
            ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET", "hello!", 3),
            ("00005\r\nhello\r\n000\r\n\r\n", "hello", 0), ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0),
            ("a;x=y;z=\"q\"\r\n0123456789\r\n0;last\r\n\r\n", "0123456789", 0),
            ("4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", 0),
        ])
    func bodies(_ text: String, _ body: String, _ rest: Int) {
        let decoded = decode(text)
        #expect(decoded.error == nil)
        #expect(String(decoding: decoded.body, as: UTF8.self) == body)
        #expect(decoded.rest == rest)
    }

    @Test(
        "chunks that are not well framed are refused",
        arguments: [
            ("\r\n", HeadError.badChunk), ("x\r\n", .badChunk), ("-1\r\n", .badChunk), ("+1\r\n", .badChunk),
            ("0x1\r\n", .badChunk),
            ("1 \r\na\r\n", .badChunk), ("1\t \r\na\r\n", .badChunk), ("1 2\r\na\r\n", .badChunk),
            (" 1\r\na\r\n", .badChunk), ("1\na\n", .badChunk),
            ("1\r\na\n0\r\n\r\n", .badChunk),
            ("1\r\nab\r\n", .badChunk), ("1\r\na0\r\n\r\n", .badChunk), ("1\rXa\r\n", .badChunk),
            ("1;a\nb\r\nc\r\n", .badChunk),
            ("1;\u{0}\r\na\r\n", .badChunk), ("1;a\r\r\n", .badChunk), ("0000000000000001\r\na\r\n", .badChunk),
            ("FFFFFFFFFFFFFFFF\r\n", .badChunk), ("7FFFFFFFFFFFFFFF\r\n", .badChunk),
            ("1;\(String(repeating: "x", count: 300))\r\na\r\n", .chunkOverhead),
            ("0\r\nX y\r\n\r\n", .badTrailers), ("0\r\nX : y\r\n\r\n", .badTrailers), ("0\r\n\n", .badTrailers),
            ("0\r\nX: y\n\n", .badTrailers),
            ("0\r\nX: y\r\n z\r\n\r\n", .badTrailers), ("0\r\n\rX", .badTrailers),
            ("0\r\nX: \u{0}\r\n\r\n", .badTrailers),
            ("0\r\nX: \(String(repeating: "x", count: 9_000))\r\n\r\n", .badTrailers),
            ("0\r\n\(String(repeating: "X: y\r\n", count: 51))\r\n", .badTrailers),
        ])
    func refused(_ text: String, _ error: HeadError) {
        #expect(decode(text).error == error)
        let octets = latin1(text)
        #expect(decode(octets, ends: 1...octets.count).error == error)
    }

    @Test("every cut in two, and octet by octet, gives what the whole gives")
    func cuts() {
        let octets = Array("5;a=b\r\nhello\r\n00b\r\n\r\n\r\n0123456\r\n0\r\nX-Sum: 1\r\nY:  z \r\n\r\nrest".utf8)
        let whole = decode(octets, ends: [octets.count])
        #expect(whole.error == nil)
        #expect(whole.rest == 4)
        #expect(String(decoding: whole.trailers, as: UTF8.self) == "X-Sum: 1\r\nY: z\r\n")
        for cut in 0...octets.count { #expect(decode(octets, ends: [cut, octets.count]) == whole, "cut at \(cut)") }
        #expect(decode(octets, ends: 0...octets.count) == whole)
    }

    @Test("trailers that could change what was judged are not passed on")
    func trailers() {
        let text =
            "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nAuthorization: x\r\nX_Y: 1\r\nGrpc-Status: 0\r\nX-Forwarded-For: y\r\n\r\n"
        #expect(String(decoding: decode(text).trailers, as: UTF8.self) == "Grpc-Status: 0\r\n")
    }

    @Test("the caller can leave out more trailers")
    func fewerTrailers() throws {
        var decoder = ChunkedDecoder()
        let octets = Array("0\r\nX-Auth-Subject: root\r\nB: c\r\n\r\n".utf8)
        #expect(try decoder.next(octets.span, from: 0) == .end(consumed: octets.count))
        let subject = Field.foldedHash(of: Array("x-auth-subject".utf8))
        #expect(lines(decoder.trailerFields { _, field in field.foldedHash != subject }) == Array("B: c\r\n".utf8))
    }

    @Test("many small chunks with large extensions are refused: CVE-2023-39326")
    func overhead() {
        let chunk = "1;\(String(repeating: "x", count: 200))\r\na\r\n"
        #expect(decode(String(repeating: chunk, count: 1_000)).error == .chunkOverhead)
    }

    @Test("many small chunks without extensions are a body like any other")
    func smallChunks() {
        let decoded = decode(String(repeating: "1\r\na\r\n", count: 50_000) + "0\r\n\r\n")
        #expect(decoded.error == nil)
        #expect(decoded.body.count == 50_000)
    }

    @Test("after the end it stays at the end")
    func ended() throws {
        var decoder = ChunkedDecoder()
        let octets = Array("0\r\n\r\nGET".utf8)
        #expect(try decoder.next(octets.span, from: 0) == .end(consumed: 5))
        #expect(try decoder.next(octets.span, from: 5) == .end(consumed: 5))
        #expect(try decoder.next(octets.span, from: 8) == .end(consumed: 8))
    }
}
