import GatewayTesting
import HTTP
import Testing

@testable import Outgoing

@Suite("requests on the gateway's own account", .tags(.timed))
struct OutgoingTests {
    private func outgoing(_ change: (inout OutgoingHTTP.Settings) -> Void = { _ in }) -> OutgoingHTTP {
        var settings = OutgoingHTTP.Settings()
        settings.allowsPlaintext = true
        change(&settings)
        return OutgoingHTTP(settings)
    }

    private func failure(_ http: OutgoingHTTP, _ url: AbsoluteURL) async -> OutgoingFailure? {
        do throws(OutgoingHTTP.Failure) {
            _ = try await http.get(url)
            return nil
        } catch {
            return error.reason
        }
    }

    private func url(_ upstream: TestUpstream, host: String = "127.0.0.1") throws -> AbsoluteURL {
        try #require(AbsoluteURL("http://\(host):\(upstream.port)/keys"))
    }

    @Test("an answer comes whole, with its fields")
    func whole() async throws {
        let upstream = try TestUpstream.start(
            .plaintext, otherwise: .answer(200, fields: [HeaderField("Cache-Control", "max-age=9")], "hello"))
        let answer = try await outgoing().get(try url(upstream, host: "localhost"))
        #expect(answer.status == 200)
        #expect(answer.cacheControl == "max-age=9")
        #expect(answer.body == Array("hello".utf8))
        #expect(upstream.requests.first?.value("host") == "localhost:\(upstream.port)")
    }

    @Test("RS-068 an answer that does not come, or comes drop by drop, is given up in time", arguments: [true, false])
    func slow(drips: Bool) async throws {
        let upstream = try TestUpstream.start(
            .plaintext,
            otherwise: drips ? .drip(String(repeating: "x", count: 10_000), pause: .milliseconds(20)) : .hang)
        let http = outgoing { $0.timeout = .milliseconds(500) }
        #expect(await failure(http, try url(upstream)) == .timeout)
    }

    @Test("RS-068 an answer that is too large is given up, whether or not it says so before", arguments: [true, false])
    func large(chunked: Bool) async throws {
        let upstream = try TestUpstream.start(.plaintext, otherwise: .pattern(4_000_000, chunked: chunked))
        #expect(await failure(outgoing { $0.bodyBytesMax = 1_000 }, try url(upstream)) == .tooLarge)
    }

    @Test("RS-068 a redirect is an answer like any other, and not followed")
    func redirect() async throws {
        let upstream = try TestUpstream.start(
            .plaintext, paths: ["/keys": .answer(302, fields: [HeaderField("Location", "/elsewhere")], "")],
            otherwise: .answer())
        #expect(try await outgoing().get(try url(upstream)).status == 302)
        #expect(upstream.requests.count == 1)
    }

    @Test("nobody listens: unreachable, at once")
    func dead() async throws {
        let port = try TestUpstream.unusedPort()
        #expect(await failure(outgoing(), try #require(AbsoluteURL("http://127.0.0.1:\(port)/"))) == .unreachable)
    }

    @Test(
        "RS-063 plain http to another machine, or without the word for it, is not sent",
        arguments: [
            ("http://192.0.2.1/", true), ("http://127.0.0.1/", false), ("http://example.com/", true),
        ])
    func plaintext(text: String, isAllowed: Bool) async throws {
        let http = outgoing { $0.allowsPlaintext = isAllowed }
        #expect(await failure(http, try #require(AbsoluteURL(text))) == .badSettings)
    }

    @Test(
        "an address that must not be connected to is not, whatever name leads there",
        arguments: ["127.0.0.1", "localhost"])
    func forbidden(host: String) async throws {
        let upstream = try TestUpstream.start(.plaintext, otherwise: .answer())
        let http = outgoing { $0.permits = { $0 != [127, 0, 0, 1] && $0.count == 4 } }
        #expect(await failure(http, try url(upstream, host: host)) == .forbiddenAddress)
        #expect(upstream.connectionsAccepted == 0)
    }

    @Test("a proxy is asked to connect, and nothing goes past it")
    func proxy() async throws {
        let proxy = try TestUpstream.start(.plaintext, otherwise: .raw("HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n"))
        let target = try TestUpstream.start(.plaintext, otherwise: .answer())
        let http = outgoing { $0.proxy = .init(host: "127.0.0.1", port: proxy.port) }
        let secure = try #require(AbsoluteURL("https://localhost:\(target.port)/keys"))
        #expect(await failure(http, secure) == .badAnswer)
        #expect(proxy.requests.map(\.method) == ["CONNECT"])
        #expect(proxy.requests.map(\.target) == ["localhost:\(target.port)"])
        #expect(target.connectionsAccepted == 0)
    }

    @Test("names become addresses, each once; what is none does not")
    func addresses() {
        #expect(ResolvedAddress.all(of: "127.0.0.1").map(\.octets) == [[127, 0, 0, 1]])
        #expect(ResolvedAddress.all(of: "::1").map(\.octets) == [[UInt8](repeating: 0, count: 15) + [1]])
        let local = ResolvedAddress.all(of: "localhost").map(\.octets)
        #expect(local.contains([127, 0, 0, 1]) || local.contains([UInt8](repeating: 0, count: 15) + [1]))
        #expect(Set(local).count == local.count)
        #expect(ResolvedAddress.all(of: "no.such.host.invalid") == [])
    }
}
