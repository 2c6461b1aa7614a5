import GatewayTesting
import Testing

@Suite("the kit's upstream")
struct TestUpstreamTests {
    private let upstream: TestUpstream

    init() throws { upstream = try TestUpstream.start(.plaintext) }

    private func exchange(_ request: String) async throws -> (answers: [RawAnswer], ending: ConnectionEnding) {
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        try await client.write(request)
        await client.closeWriting()
        let method = request.prefix { $0 != " " }
        return try await client.readToEnd(methods: [String](repeating: String(method), count: 4))
    }

    private static let get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test(
        "sees what RFC 9112 does not allow in a request",
        arguments: [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", "bare LF"),
            ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", "folded line"),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "bad name: Host "),
            ("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", "bare CR"),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "Content-Length 2 times"),
            (
                "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "Content-Length and Transfer-Encoding"
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
                "Transfer-Encoding is not chunked, once"
            ),
        ])
    func judges(request: String, violation: String) async throws {
        _ = try await exchange(request)
        #expect(upstream.violations.contains { $0.hasSuffix(violation) })
    }

    @Test("a chunk with a bare line feed is seen")
    func judgesChunks() async throws {
        _ = try await exchange("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n")
        #expect(upstream.violations.count == 1)
    }

    @Test("several requests on one connection are answered in order, each by the next script of its path")
    func sequence() async throws {
        upstream.script([.answer(500, "one"), .answer(200, "two")], for: "/")
        let (answers, _) = try await exchange(Self.get + Self.get + Self.get)
        #expect(answers.map(\.status) == [500, 200, 200])
        #expect(upstream.requests.map(\.place) == [1, 2, 3])
    }

    @Test("HEAD, 204 and 304 have no body")
    func bodiless() async throws {
        #expect(try await exchange("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").answers.first?.value("content-length") == "6")
        for status in [204, 304] {
            upstream.script(otherwise: .answer(status))
            let answer = try #require(try await exchange(Self.get).answers.first)
            #expect(answer.status == status)
            #expect(answer.value("content-length") == nil)
            #expect(answer.body == [])
        }
    }

    @Test("1xx answers come before the last one")
    func informational() async throws {
        upstream.script(otherwise: .informational([100, 103]))
        let answer = try #require(try await exchange(Self.get).answers.first)
        #expect(answer.informational.map(\.startLine) == ["HTTP/1.1 100 Kit", "HTTP/1.1 103 Kit"])
        #expect(answer.status == 200)
    }

    @Test("an early answer comes before the body is read")
    func early() async throws {
        upstream.script(otherwise: .early(413, thenReadsBody: true))
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        try await client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
        #expect(try await client.readAnswer().status == 413)
        try await client.write("body")
        #expect(try await upstream.requests(atLeast: 1).first?.text == "body")
    }

    @Test("after 101 it sends back what comes")
    func upgrade() async throws {
        upstream.script(otherwise: .upgradeEcho())
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        try await client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        #expect(try await client.readAnswer().status == 101)
        try await client.write("ping")
        #expect(try await client.read(count: 4) == Array("ping".utf8))
        await client.closeWriting()
        #expect(try await client.read(count: 1) == [])
    }

    @Test("a body is read as far as the script says")
    func stalls() async throws {
        upstream.script(
            otherwise: .steps(.readBodyOctets(3), .waitForGate("rest"), .readBody, .write(UpstreamScript.head(204, [])))
        )
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        try await client.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nabcdefgh")
        let early = try await upstream.request("three octets") { $0.bodyCount == 3 }
        #expect(!early.isComplete)
        upstream.open(gate: "rest")
        #expect(try await client.readAnswer().status == 204)
        #expect(upstream.requests.first?.text == "abcdefgh")
    }

    @Test(
        "before any request it can do wrong things",
        arguments: [
            (UpstreamManner.Opening.plaintextFirst(Array("oops".utf8)), "oops"), (.garbage(Array("bad".utf8)), "bad"),
            (.close, ""),
            (.closeAfterHandshake, ""),
        ])
    func openings(opening: UpstreamManner.Opening, expected: String) async throws {
        let upstream = try TestUpstream.start(UpstreamManner.plaintext.opening(opening))
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        await client.cutOff()
        let octets = (try? await client.read(count: 100)) ?? []
        #expect(String(decoding: octets, as: UTF8.self) == expected)
    }

    @Test("it stops while connections hang, and nobody listens any more")
    func stops() async throws {
        upstream.script(otherwise: .hang)
        let client = try await RawTLSClient.connect(port: upstream.port, .plaintext)
        try await client.write(Self.get)
        _ = try await upstream.requests(atLeast: 1)
        try await upstream.stop()
        #expect(try await client.readAnswerOrEnd() == nil)
        await #expect(throws: WireError.refused) { try await RawTLSClient.connect(port: upstream.port, .plaintext) }
    }
}
