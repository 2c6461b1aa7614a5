import HTTP
import NIOCore
import NIOEmbedded
import NIOSSL
import Testing

@testable import Transport

@Suite("a request to an upstream")
struct UpstreamExchangeTests {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    // MARK: What is sent

    @Test("is written at the end of the loop's turn, in one piece")
    func request() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        #expect(try upstream.heard() == "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(delegate.events.isEmpty)
        #expect(try #require(delegate.stream).isVerified == false)
    }

    @Test("has its body as the client delimited it", arguments: [true, false])
    func body(chunked: Bool) throws {
        let harness = UpstreamHarness()
        let framing = chunked ? "Transfer-Encoding: chunked" : "Content-Length: 21"
        let (delegate, upstream) = try harness.send(.open(framing))
        #expect(try upstream.heard() == "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
        let stream = try #require(delegate.stream)
        var trailers = FieldList()
        if chunked { trailers.append("Server-Timing", "db") }
        stream.sendBody(ByteBuffer(string: "hello"))
        stream.sendBody(ByteBuffer())
        stream.sendBody(ByteBuffer(string: "sixteen octets.."))
        stream.sendBodyEnd(trailers: trailers)
        stream.flush()
        let expected =
            chunked
            ? "5\r\nhello\r\n10\r\nsixteen octets..\r\n0\r\nServer-Timing: db\r\n\r\n" : "hellosixteen octets.."
        #expect(try upstream.heard() == expected)
    }

    @Test(
        "leaves in one piece with the first part of its body, as long as one record of TLS holds both",
        arguments: [
            ("Content-Length: 5", 5, 1), ("Transfer-Encoding: chunked", 5, 1), ("Content-Length: 16000", 16_000, 1),
            ("Content-Length: 17000", 17_000, 2), ("Transfer-Encoding: chunked", 17_000, 4),
        ])
    func firstPart(framing: String, count: Int, pieces: Int) throws {
        let body = String(repeating: "b", count: count)
        let harness = UpstreamHarness()
        let (_, upstream) = try harness.send(
            TestRequest(method: "POST", fields: [framing], isWhole: false, firstPart: body))
        let written = try upstream.pieces()
        #expect(written.count == pieces)
        let head = "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n"
        let isChunked = framing.hasSuffix("chunked")
        let expected = isChunked ? "\(String(count, radix: 16))\r\n\(body)\r\n" : body
        #expect(written.joined() == head + expected)
    }

    @Test("leaves in one piece with the end of a body that has no octets")
    func emptyChunks() throws {
        let harness = UpstreamHarness()
        let (_, upstream) = try harness.send(TestRequest(method: "POST", fields: ["Transfer-Encoding: chunked"]))
        #expect(
            try upstream.pieces() == ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"])
    }

    @Test("leaves at once where it is large, since only that tells whether it is taken", arguments: [8_192, 8_193])
    func bulk(count: Int) throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 100000"))
        _ = try upstream.heard()
        let stream = try #require(delegate.stream)
        stream.sendBody(ByteBuffer(repeating: 0x61, count: count))
        stream.flush()
        let sent = try upstream.channel.readOutbound(as: ByteBuffer.self)
        #expect((sent != nil) == (count > 8_192))
        #expect(try upstream.heard().count == (sent == nil ? count : 0))
    }

    @Test("tells its client when the upstream takes no more, and when it does again")
    func writability() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 100000"))
        let stream = try #require(delegate.stream)
        #expect(stream.isWritable)
        upstream.setWritable(false)
        #expect(!stream.isWritable)
        upstream.setWritable(true)
        #expect(stream.isWritable)
        #expect(delegate.writability == [false, true])
    }

    // MARK: What comes back

    @Test(
        "is answered in whatever way the upstream delimits its answer",
        arguments: [
            (ok, ["200 length(5)", "body: hello", "ended"], true),
            ("HTTP/1.1 204 No Content\r\n\r\n", ["204 none", "ended"], true),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ["304 none", "ended"], true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ["200 length(0)", "ended"], true),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nServer-Timing: db\r\n\r\n",
                ["200 chunked", "body: hello", "ended, Server-Timing=db"], true
            ),
            (
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                ["103", "200 length(5)", "body: hello", "ended"], true
            ),
            (
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
                ["200 length(5)", "body: hello", "ended"], false
            ),
        ])
    func answer(octets: String, events: [String], servesAgain: Bool) throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says(octets)
        #expect(delegate.events == events)
        #expect(delegate.readsEnded == 1)
        #expect(upstream.isOpen == servesAgain)
        #expect(harness.pool.openConnections == (servesAgain ? 1 : 0))
        #expect((harness.pool.takeStream() != nil) == servesAgain)
    }

    @Test("of HEAD is answered by a head alone")
    func head() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(TestRequest(method: "HEAD"))
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        #expect(delegate.events == ["200 none", "ended"])
        #expect(harness.pool.takeStream() != nil)
    }

    @Test("is answered by what comes until the upstream closes")
    func untilClose() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says("HTTP/1.1 200 OK\r\n\r\nhel")
        try upstream.says("lo")
        #expect(delegate.events == ["200 untilClose", "body: hel", "body: lo"])
        upstream.close()
        #expect(delegate.events.last == "ended")
        #expect(harness.pool.openConnections == 0)
    }

    @Test("is not answered by what broke off before TLS said that it ends")
    func uncleanEnd() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says("HTTP/1.1 200 OK\r\n\r\nhel")
        upstream.fails(NIOSSLError.uncleanShutdown)
        #expect(delegate.events == ["200 untilClose", "body: hel", "failed: closedEarly"])
        #expect(!upstream.isOpen)
    }

    @Test("is answered octet by octet too")
    func octetByOctet() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        for octet in answer { try upstream.says(String(octet)) }
        #expect(delegate.events == ["200 chunked", "body: o", "body: k", "ended"])
        #expect(harness.pool.takeStream() != nil)
    }

    @Test("fails when what comes is not an answer, and the connection ends", arguments: ["SSH-2.0-x\r\n\r\n", "\0"])
    func malformed(octets: String) throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says(octets + "\r\n\r\n")
        #expect(delegate.events == ["failed: badResponse"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("fails in the middle of an answer that is malformed from there on")
    func malformedChunk() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx")
        #expect(delegate.events == ["200 chunked", "body: ok", "failed: badResponse"])
        #expect(!upstream.isOpen)
    }

    @Test("hears interim answers, but not for ever")
    func interimBound() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        for _ in 0..<16 { try upstream.says("HTTP/1.1 102 Processing\r\n\r\n") }
        #expect(delegate.events == Array(repeating: "102", count: 16))
        try upstream.says("HTTP/1.1 102 Processing\r\n\r\n")
        #expect(delegate.events.last == "failed: badResponse")
        #expect(!upstream.isOpen)
    }

    // MARK: The next one

    @Test("takes the connection of the one before")
    func reuse() throws {
        let harness = UpstreamHarness()
        var upstreams: [EmbeddedUpstream] = []
        for _ in 0..<3 {
            let (delegate, upstream) = try harness.send()
            #expect(try upstream.heard() == "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try upstream.says(Self.ok)
            #expect(delegate.events.last == "ended")
            upstreams.append(upstream)
        }
        #expect(harness.upstreams.count == 1)
        #expect(upstreams.allSatisfy { $0 === upstreams[0] })
    }

    @Test("may begin while the one before hears of its end, on the same connection")
    func reentrance() throws {
        let harness = UpstreamHarness()
        let (first, upstream) = try harness.send()
        let second = RecordingDelegate()
        first.onEvent = { event in if event == "ended" { second.ask(harness.pool) } }
        try upstream.says(Self.ok)
        #expect(second.stream === upstream.connection)
        #expect(first.readsEnded == 1)
        #expect(second.readsEnded == 0)
        try upstream.says("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(second.events == ["204 none", "ended"])
        #expect(first.events.count == 3)
    }

    @Test("does not take a connection behind whose answer something came")
    func trailingOctets() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says(Self.ok + "x")
        #expect(delegate.events == ["200 length(5)", "body: hello", "ended"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.takeStream() == nil)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("does not take a connection on which something came unasked")
    func unaskedOctets() throws {
        let harness = UpstreamHarness()
        let (_, upstream) = try harness.send()
        try upstream.says(Self.ok)
        try upstream.says("HTTP/1.1 200 OK\r\n")
        #expect(!upstream.isOpen)
        #expect(harness.pool.takeStream() == nil)
        #expect(harness.pool.openConnections == 0)
    }

    @Test(
        "does not take a connection that the upstream closed, or that failed, while it was idle",
        arguments: [true, false])
    func closedIdle(fails: Bool) throws {
        let harness = UpstreamHarness()
        let (_, upstream) = try harness.send()
        try upstream.says(Self.ok)
        if fails { upstream.fails(NIOSSLError.uncleanShutdown) } else { upstream.close() }
        #expect(harness.pool.takeStream() == nil)
        #expect(harness.pool.openConnections == 0)
        let (_, other) = try harness.send()
        #expect(other !== upstream)
    }

    @Test("does not take a connection whose request was answered before it was whole")
    func earlyAnswer() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 10"))
        try #require(delegate.stream).sendBody(ByteBuffer(string: "01234"))
        try upstream.says(Self.ok)
        #expect(delegate.events == ["200 length(5)", "body: hello", "ended"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("takes a connection whose request was whole before its answer was")
    func overlap() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.open("Content-Length: 10"))
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        let stream = try #require(delegate.stream)
        stream.sendBody(ByteBuffer(string: "0123456789"))
        stream.sendBodyEnd(trailers: FieldList())
        try upstream.says("llo")
        #expect(delegate.events == ["200 length(5)", "body: he", "body: llo", "ended"])
        #expect(harness.pool.takeStream() === upstream.connection)
    }

    @Test("takes a connection that was given back unused")
    func givenBack() throws {
        let harness = UpstreamHarness()
        let delegate = RecordingDelegate()
        delegate.gives = { $0.giveBack() }
        delegate.ask(harness.pool)
        try harness.upstreams[0].accept()
        #expect(harness.pool.takeStream() === harness.upstreams[0].connection)
    }

    // MARK: What goes wrong

    @Test("that is abandoned ends its connection and hears nothing more")
    func abandoned() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
        try #require(delegate.stream).abandon()
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
        #expect(delegate.events == ["200 length(5)", "body: he"])
    }

    @Test("that is abandoned in the middle of a read hears nothing of the rest")
    func abandonedInRead() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        delegate.onEvent = { event in if event.hasPrefix("200") { delegate.stream?.abandon() } }
        try upstream.says(Self.ok)
        #expect(delegate.events == ["200 length(5)"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test(
        "learns whether its connection had served before, and was closed before an octet came back",
        arguments: [false, true], ["", "HTTP/1.1 20", "HTTP/1.1 102 Processing\r\n\r\n"])
    func closedEarly(reused: Bool, octets: String) throws {
        let harness = UpstreamHarness()
        if reused {
            let (_, upstream) = try harness.send()
            try upstream.says(Self.ok)
        }
        let (delegate, upstream) = try harness.send()
        if !octets.isEmpty { try upstream.says(octets) }
        upstream.close()
        #expect(
            delegate.events.last == (reused && octets.isEmpty ? "failed: closedEarly, reused" : "failed: closedEarly"))
        #expect(harness.pool.openConnections == 0)
    }

    @Test("learns that its certificate was refused, though TLS was open already")
    func alert() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        upstream.fails(BoringSSLError.zeroReturn)
        #expect(delegate.events == ["failed: tlsFailed"])
    }

    @Test("learns that a connection was refused, and another one is made for the next in line")
    func refused() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (first, second) = (harness.ask(), harness.ask())
        harness.upstreams[0].refuse()
        #expect(first.events == ["failed: unreachable"])
        #expect(second.events.isEmpty)
        #expect(harness.upstreams.count == 2)
        try harness.upstreams[1].accept()
        #expect(second.stream != nil)
    }
}
