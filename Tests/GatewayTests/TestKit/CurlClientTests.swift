import GatewayTesting
import Testing

/// The kit against itself: libcurl's client and the kit's server share OpenSSL, but no HTTP.
@Suite("the kit's client on libcurl")
struct CurlClientTests {
    private let certificates: TestCertificates
    private let upstream: TestUpstream
    private let client: CurlClient
    private var url: String { "https://localhost:\(upstream.port)" }

    init() throws {
        certificates = try TestCertificates()
        upstream = try TestUpstream.start(.orders(certificates))
        client = try CurlClient(
            CurlSettings(authorities: certificates.upstreamAuthority.pem, certificate: certificates.gatewayClient))
    }

    @Test("sends a request and tells everything about the answer")
    func everything() async throws {
        let answer = try await client.get(
            "\(url)/a/../b?q", fields: [HeaderField("X-One", "1"), HeaderField("X-Empty", "")])
        #expect(answer.status == 200)
        #expect(answer.text == "hello\n")
        #expect(answer.tlsVersion == "TLSv1.3")
        #expect(answer.peer?.uris == ["spiffe://example.org/orders"])
        #expect(answer.connectCount == 1)
        #expect(answer.localPort > 0)
        let request = try #require(upstream.requests.first)
        #expect(request.target == "/a/../b?q")
        #expect(request.value("x-one") == "1")
        #expect(request.values("X-Empty") == [""])
        #expect(request.value("expect") == nil)
        #expect(request.peer?.commonName == "gateway")
        #expect(request.peer?.uris == ["spiffe://example.org/gateway"])
        #expect(request.isComplete)
    }

    @Test("uses its connection again, unless told not to")
    func keepsAlive() async throws {
        #expect(try await client.get(url).connectCount == 1)
        #expect(try await client.get(url).connectCount == 0)
        var request = CurlRequest("GET", url)
        request.onNewConnection = true
        #expect(try await client.send(request).connectCount == 1)
        #expect(upstream.requests.map(\.connection) == [1, 1, 2])
    }

    @Test("sends bodies with a length, in chunks, with trailers, and of any size", arguments: [false, true])
    func bodies(chunked: Bool) async throws {
        let count = 3_000_000
        _ = try await client.put(url, .pattern(count, chunked: chunked))
        _ = try await client.post(url, .octets([]))
        _ = try await client.post(url, .chunked(Array("abc".utf8), trailers: [HeaderField("X-Sum", "6")]))
        let requests = try await upstream.requests(atLeast: 3)
        #expect(requests[0].bodyCount == count)
        #expect(requests[0].bodySHA256 == OctetPattern.sha256(count: count))
        #expect(requests[0].value("transfer-encoding") == (chunked ? "chunked" : nil))
        #expect(requests[1].value("content-length") == "0")
        #expect(requests[2].text == "abc")
        #expect(requests[2].trailers == [HeaderField("X-Sum", "6")])
        #expect(upstream.violations == [])
    }

    @Test("receives bodies of any size, and trailers", arguments: [false, true])
    func answers(chunked: Bool) async throws {
        let count = 3_000_000
        upstream.script([.pattern(count, chunked: chunked)], for: "/big")
        upstream.script([.chunked(["one", "two"], trailers: [HeaderField("X-End", "yes")])], for: "/trailers")
        let big = try await client.get("\(url)/big")
        #expect(big.bodyCount == count)
        #expect(big.bodySHA256 == OctetPattern.sha256(count: count))
        let trailers = try await client.get("\(url)/trailers")
        #expect(trailers.text == "onetwo")
        #expect(trailers.trailers == [HeaderField("X-End", "yes")])
    }

    @Test("holds its body back until 100 comes")
    func waitsForContinue() async throws {
        upstream.script(
            [.steps(.write(UpstreamScript.head(100, [])), .readBody, .write(UpstreamScript.head(204, [])))],
            for: "/late")
        var request = CurlRequest("POST", "\(url)/late", body: .text("body"))
        request.waitsForContinue = .seconds(60)
        let answer = try await client.send(request)
        #expect(answer.status == 204)
        #expect(answer.informational == [100])
        #expect(upstream.requests.first?.text == "body")
    }

    @Test("breaks off when it is told to, and says what had arrived")
    func aborts() async throws {
        upstream.script([.pattern(10_000_000)], for: "/big")
        var request = CurlRequest("GET", "\(url)/big")
        request.abortsAfterReceiving = 100_000
        let failure = await #expect(throws: CurlFailure.self) { try await client.send(request) }
        #expect(failure?.kind == .aborted)
        #expect(failure?.partial.status == 200)
        var upload = CurlRequest("PUT", url, body: .pattern(1_000_000))
        upload.abortsAfterSending = 100_000
        let second = await #expect(throws: CurlFailure.self) { try await client.send(upload) }
        #expect(second?.kind == .aborted)
        let broken = try await upstream.request("half a body") { $0.method == "PUT" && $0.bodyCount == 100_000 }
        #expect(!broken.isComplete)
    }

    @Test("sees an answer that is cut short")
    func cutShort() async throws {
        upstream.script([.closeMidBody(promised: 100, sent: 10)], for: "/half")
        let failure = await #expect(throws: CurlFailure.self) { try await client.get("\(url)/half") }
        #expect(failure?.kind == .cutShort)
        #expect(failure?.partial.bodyCount == 10)
    }

    @Test("ends at its deadline")
    func deadline() async throws {
        upstream.script([.hang], for: "/hang")
        var request = CurlRequest("GET", "\(url)/hang")
        request.timeout = .milliseconds(100)
        let failure = await #expect(throws: CurlFailure.self) { try await client.send(request) }
        #expect(failure?.kind == .timeout)
    }

    @Test("trusts no server that its authorities do not vouch for, nor one with another name")
    func trust() async throws {
        let foreign = try TestUpstream.start(
            .mutualTLS(certificates.foreignOrders, clientAuthorities: certificates.upstreamAuthority.pem))
        let one = await #expect(throws: CurlFailure.self) { try await client.get("https://localhost:\(foreign.port)/") }
        #expect(one?.kind == .serverNotTrusted)
        var settings = CurlSettings(
            authorities: certificates.upstreamAuthority.pem, certificate: certificates.gatewayClient)
        settings.port = upstream.port
        let two = await #expect(throws: CurlFailure.self) {
            try await CurlClient(settings).get("https://other.example/")
        }
        #expect(two?.kind == .serverNotTrusted)
        #expect(try await CurlClient(settings).get("https://localhost/").status == 200)
    }

    @Test("cannot connect where nobody listens")
    func refused() async throws {
        let port = try TestUpstream.unusedPort()
        let failure = await #expect(throws: CurlFailure.self) { try await client.get("https://localhost:\(port)/") }
        #expect(failure?.kind == .couldNotConnect)
    }
}
