import HTTP
import Testing

@Suite("Heads that come in pieces")
struct SplitTests {
    static let heads = [
        "GET /orders/7?a=b HTTP/1.1\r\nHost: api.Example.com:8443\r\nAuthorization: Bearer abc\r\nAccept:\t */* \r\n\r\n",
        "\r\nPOST /a/./b%2Fc/%7e HTTP/1.1\r\nhost: [::1]\r\nContent-Length: 12\r\nExpect: 100-continue\r\nConnection: close, X-Y\r\nX-Y: z\r\n\r\nrest",
        "OPTIONS * HTTP/1.0\r\nHost: a.\r\nConnection: keep-alive\r\n\r\n",
        "GET https://A.b/x//y;z?q HTTP/1.1\r\nHost: a.B:443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX_Y: \u{E9}\r\n\r\nGET /",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ]

    @Test("every cut in two gives what the whole gives", arguments: heads)
    func twoPieces(_ text: String) {
        let octets = latin1(text)
        let whole = outcome(octets, ends: [octets.count])
        #expect(whole.error == nil)
        for cut in 0...octets.count {
            #expect(outcome(octets, ends: [cut, octets.count]) == whole, "cut at \(cut)")
        }
    }

    @Test("octet by octet gives what the whole gives", arguments: heads)
    func octets(_ text: String) {
        let octets = latin1(text)
        #expect(outcome(octets, ends: 0...octets.count) == outcome(octets, ends: [octets.count]))
    }

    @Test("every cut in three gives what the whole gives")
    func threePieces() {
        let octets = latin1(Self.heads[1])
        let whole = outcome(octets, ends: [octets.count])
        for first in 0..<octets.count {
            for second in first..<octets.count where outcome(octets, ends: [first, second, octets.count]) != whole {
                Issue.record("cut at \(first) and \(second)")
            }
        }
    }

    @Test("heads with an octet changed at random give the same, whole or octet by octet")
    func changed() {
        var dice = Dice(state: 20_261_123)
        for text in Self.heads {
            let original = latin1(text)
            for _ in 0..<400 {
                var octets = original
                for _ in 0...Int.random(in: 0...2, using: &dice) {
                    octets[Int.random(in: 0..<octets.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
                }
                octets.removeLast(Int.random(in: 0..<octets.count, using: &dice) / 4)
                #expect(outcome(octets, ends: 1...octets.count) == outcome(octets, ends: [octets.count]), "\(octets)")
            }
        }
    }

    @Test(
        "a line is judged when its end is there, not before",
        arguments: [
            ("GE(T", "\r\n", HeadError.badRequestLine), ("GET / HTTP/3.0", "\r\n", .unsupportedVersion),
            ("GET / HTTP/1.1\r\nHost: a\r\nX Y", "\r\n", .badFieldName),
            ("GET / HTTP/1.1\r\nHost: a\r\n X", "\n", .obsoleteFolding),
        ])
    func unfinishedLines(_ text: String, _ end: String, _ error: HeadError) {
        let octets = Array(text.utf8)
        #expect(outcome(octets, ends: [octets.count]) == .unfinished)
        #expect(outcome(octets, ends: 1...octets.count) == .unfinished)
        let ended = octets + Array(end.utf8)
        #expect(outcome(ended, ends: [octets.count, ended.count]) == .refused(error))
        #expect(outcome(ended, ends: [ended.count]) == .refused(error))
    }

    @Test("the octets behind a head are not touched")
    func rest() {
        let octets = latin1(Self.heads[4])
        guard case .read(let count, _) = outcome(octets, ends: [octets.count]) else {
            Issue.record("not read")
            return
        }
        #expect(String(decoding: octets[count...], as: UTF8.self) == "5\r\nhello\r\n0\r\n\r\n")
    }

    @Test("a head that is used again says nothing of the request before")
    func reused() throws {
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        for text in Self.heads + Self.heads.reversed() {
            let octets = latin1(text)
            _ = try parser.parseRequest(octets.span, into: &head)
            guard case .read(_, let summary) = outcome(octets, ends: [octets.count]) else { continue }
            #expect(head.summary == summary)
        }
    }

    @Test("after a refusal the parser reads the next head")
    func afterRefusal() throws {
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        #expect(throws: HeadError.missingHost) {
            _ = try parser.parseRequest(Array("GET /a HTTP/1.1\r\n\r\n".utf8).span, into: &head)
        }
        #expect(head.text(head.target) == "/a")
        #expect(try parser.parseRequest(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span, into: &head) != nil)
        #expect(head.text(head.host) == "a")
    }

    @Test("answers cut in two give what the whole gives")
    func answers() {
        let octets = Array(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, X\r\nX: y\r\n\r\nhello".utf8)
        let whole = answerOutcome(octets, ends: [octets.count])
        #expect(whole.error == nil)
        for cut in 0...octets.count { #expect(answerOutcome(octets, ends: [cut, octets.count]) == whole) }
        #expect(answerOutcome(octets, ends: 0...octets.count) == whole)
    }
}
