import AuthorizationServer
import GatewayTesting
import JOSE
import JSON
import Logging
import Policy
import Synchronization
import Testing

@testable import Gateway

/// Whoever knows the name of a client, or may register one, can make the server fetch.
@Suite("Attack: addresses of keys that lead astray, do not end, or are many", .tags(.timed))
struct KeyAddressAttackTests {
    private static func way(allowing addresses: [[UInt8]] = []) throws -> OutgoingWay {
        let folder = try TemporaryFolder("authorities")
        var way = OutgoingWay()
        way.authorities = try folder.write(try TestCertificates.shared().upstreamAuthority.pem, to: "ca.pem")
        way.allowedAddresses = addresses
        // The file is read at each fetch.
        folders.withLock { $0.append(folder) }
        return way
    }
    private static let folders = Mutex<[TemporaryFolder]>([])

    private static func fetcher(
        _ logger: Logger = RecordedLog().logger, _ change: (inout ClientKeyFetcher.Bounds) -> Void = { _ in }
    ) throws -> ClientKeyFetcher {
        var bounds = ClientKeyFetcher.Bounds()
        bounds.waitMax = .seconds(30)
        change(&bounds)
        return running(ClientKeyFetcher(try way(), bounds: bounds, logger: logger))
    }

    /// As the gateway would run it; it ends with the process of the tests.
    private static func running(_ fetcher: ClientKeyFetcher) -> ClientKeyFetcher {
        Task { try await fetcher.run() }
        return fetcher
    }

    private static func counts(_ set: ClientKeySet?) -> Int? { set?.keys.keys.count }

    @Test(
        "addresses of clouds' metadata services, link-local ones and the machine itself are not connected to",
        arguments: [
            "169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "[fd00:ec2::254]", "100.100.100.200",
            "[::]",
        ])
    func metadataServices(host: String) async throws {
        let pages = RecordedLog()
        let fetcher = try Self.fetcher(pages.logger)
        #expect(await Self.counts(fetcher.keys(at: "https://\(host)/latest/meta-data", missed: false)) == nil)
        #expect(pages.text.contains("forbidden_address"))
        #expect(pages.text.hasPrefix("warning "))
    }

    @Test("what is not https is not asked, even on this machine")
    func plaintext() async throws {
        let server = try TestUpstream.start(.plaintext, otherwise: .answer())
        let fetcher = try Self.fetcher()
        for url in [
            "http://127.0.0.1:\(server.port)/", "HTTPS://localhost/", "file:///etc/passwd", "",
            "https://user@localhost/",
        ] {
            #expect(await Self.counts(fetcher.keys(at: url, missed: false)) == nil)
        }
        #expect(server.connectionsAccepted == 0)
    }

    /// What may lie at an address, and what the log calls it.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let word: String
        let script: UpstreamScript

        init(_ name: String, _ word: String, _ script: UpstreamScript) {
            testDescription = name
            self.word = word
            self.script = script
        }
    }

    private static let json = [HeaderField("Content-Type", "application/json")]

    @Test(
        "what leads elsewhere, has no end, or is no key set brings no key, and nothing else is asked for",
        arguments: [
            Lie("a redirect", "redirected", .answer(302, fields: [HeaderField("Location", "/elsewhere")])),
            Lie("a redirect for good", "redirected", .answer(308, fields: [HeaderField("Location", "/elsewhere")])),
            Lie("a document without end", "too_large", .pattern(64 * 1_048_576, chunked: true)),
            Lie("a document of 64 MiB", "too_large", .pattern(64 * 1_048_576)),
            Lie(
                "a page", "wrong_content_type",
                .answer(fields: [HeaderField("Content-Type", "text/html")], "<html></html>")),
            Lie("nothing", "bad_status", .answer(404)),
            Lie("an array", "bad_key_set", .answer(fields: json, "[]")),
            Lie("no keys", "no_usable_key", .answer(fields: json, #"{"keys": []}"#)),
            Lie("a symmetric key", "no_usable_key", .answer(fields: json, #"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#)),
            Lie(
                "a thousand keys", "too_many_keys",
                .answer(
                    fields: json,
                    #"{"keys": ["# + [String](repeating: #"{"kty":"EC"}"#, count: 1_000).joined(separator: ",") + "]}")),
            Lie("an answer that is no HTTP", "bad_answer", .raw("nonsense\r\n\r\n")),
        ])
    func liars(_ lie: Lie) async throws {
        let host = try KeyHost.start()
        let pages = RecordedLog()
        host.server.script([lie.script], for: "/keys")
        let fetcher = try Self.fetcher(pages.logger)
        #expect(await Self.counts(fetcher.keys(at: host.url("/keys"), missed: false)) == nil)
        #expect(pages.text.contains("failure=\(lie.word)"), "\(pages.text)")
        #expect(pages.text.hasPrefix("warning "))
        #expect(host.server.requests.allSatisfy { $0.path == "/keys" })
    }

    @Test("a host whose certificate nobody vouches for, or that is somebody else's, is not believed")
    func foreign() async throws {
        let key = try TestSigningKey(.es256, kid: "first")
        let other = try KeyHost.start("other.example")
        try other.publish([key], at: "/keys")
        let fetcher = try Self.fetcher()
        #expect(await Self.counts(fetcher.keys(at: other.url("/keys"), missed: false)) == nil)
        let own = try KeyHost.start()
        try own.publish([key], at: "/keys")
        let system = Self.running(ClientKeyFetcher(OutgoingWay(), logger: RecordedLog().logger))
        #expect(await Self.counts(system.keys(at: own.url("/keys"), missed: false)) == nil)
        #expect(await Self.counts(fetcher.keys(at: own.url("/keys"), missed: false)) == 1)
        #expect(other.server.requests.isEmpty)
    }

    @Test("a thousand requests for one address cause one fetch, and all of them get the keys")
    func oneFetch() async throws {
        let host = try KeyHost.start()
        let key = try TestSigningKey(.es256, kid: "first")
        let set: JSON = ["keys": [try key.jwk]]
        let text = String(decoding: set.serialized(), as: UTF8.self)
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
        host.server.script([.steps(.readBody, .waitForGate("go"), .write(Array((head + text).utf8)))], for: "/keys")
        let fetcher = try Self.fetcher()
        let counts = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<1_000 {
                group.addTask { await Self.counts(fetcher.keys(at: host.url("/keys"), missed: number % 2 == 1)) }
            }
            host.server.open(gate: "go")
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(counts == [Int?](repeating: 1, count: 1_000))
        // One that came too late for the first fetch may have caused a second; none may cause a third.
        #expect((1...2).contains(host.fetches(of: "/keys")))
    }

    @Test("signatures by nobody's key cause one fetch more, however many there are")
    func misses() async throws {
        let host = try KeyHost.start()
        try host.publish([try TestSigningKey(.es256, kid: "first")], at: "/keys")
        let fetcher = try Self.fetcher()
        for _ in 0..<100 { #expect(await Self.counts(fetcher.keys(at: host.url("/keys"), missed: true)) == 1) }
        #expect(host.fetches(of: "/keys") == 2)
    }

    @Test(
        "a hundred addresses of a host that hangs hold four connections, nobody waits for it, and another host's client is served"
    )
    func manyAddresses() async throws {
        let (dead, alive) = (try KeyHost.start(), try KeyHost.start("127.0.0.1"))
        dead.server.script(otherwise: .hang)
        try alive.publish([try TestSigningKey(.es256, kid: "first")], at: "/keys")
        let fetcher = try Self.fetcher { bounds in
            bounds.waitMax = .milliseconds(300)
            bounds.fetchMax = .seconds(60)
        }
        let counts = await withTaskGroup(of: Int?.self) { group in
            for number in 0..<100 {
                group.addTask { await Self.counts(fetcher.keys(at: dead.url("/\(number)"), missed: false)) }
            }
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(counts == [Int?](repeating: nil, count: 100))
        let place = alive.url("/keys", host: "127.0.0.1")
        try await eventually("the other host's keys") { await Self.counts(fetcher.keys(at: place, missed: false)) == 1 }
        try await eventually("connections to the host that hangs") { dead.server.connectionsAccepted >= 4 }
        #expect(dead.server.connectionsAccepted == 4)
    }

    @Test("requests that wait are bounded: above, the answer is that nobody can know")
    func waiting() async throws {
        let host = try KeyHost.start()
        host.server.script(otherwise: .hang)
        let fetcher = try Self.fetcher { bounds in
            bounds.waitingMax = 1
            bounds.fetchMax = .seconds(2)
        }
        let counts = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<50 { group.addTask { await Self.counts(fetcher.keys(at: host.url("/keys"), missed: false)) } }
            return await group.reduce(into: [Int?]()) { $0.append($1) }
        }
        #expect(counts == [Int?](repeating: nil, count: 50))
        #expect(host.server.connectionsAccepted == 1)
    }

    @Test("made-up client_ids cause no fetch at all, and a client's own many assertions one more than the first")
    func madeUpClients() async throws {
        try await KeyAddressHarness.run { harness in
            let (key, stranger) = (try TestSigningKey(.es256, kid: "first"), try TestSigningKey(.es256, kid: "first"))
            try harness.host.publish([key], at: "/shop")
            try await harness.add("shop", keysAt: harness.host.url("/shop"))
            for number in 0..<20 { #expect(try await harness.token("made-up-\(number)", stranger).status == 401) }
            #expect(harness.host.server.requests.isEmpty)
            // Ten failures, and brute-force protection takes over.
            var statuses: [Int] = []
            for _ in 0..<20 { statuses.append(try await harness.token("shop", stranger).status) }
            #expect(statuses.prefix(10).allSatisfy { $0 == 401 })
            #expect(statuses.contains(429))
            #expect(harness.host.fetches(of: "/shop") <= 2)
        }
    }
}
