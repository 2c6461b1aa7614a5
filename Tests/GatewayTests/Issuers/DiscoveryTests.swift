import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("keys that are found by discovery", .tags(.timed))
struct DiscoveryTests {
    @Test("a token counts, its keys were found by metadata, and health says how they are")
    func found() async throws {
        try await IssuerHarness.run { harness in
            #expect(try await harness.answer().status == 200)
            #expect(harness.issuer.fetches(of: .metadata) == 1)
            #expect(harness.issuer.fetches(of: .openIDMetadata) == 0)
            #expect(harness.issuer.fetches(of: .keys) == 1)
            let state = try await harness.state()
            #expect(state["keys"] == 1)
            #expect(state["failure"] == .null)
            #expect(state["degraded_since"] == .null)
            #expect(state["alarms"] == [])
            #expect((state["next_fetch_s"]?.int).map { (400...600).contains($0) } == true)
            #expect(state["last_success"]?.string?.hasSuffix("Z") == true)
            let report = try await harness.base.healthReport()
            #expect(report["status"] == "ok")
            #expect(report["issuers_without_keys"] == [])
            #expect(harness.issuer.server.violations == [])
        }
    }

    @Test("RS-061 the place of OpenID Connect is tried when the other one is empty")
    func openID() async throws {
        try await IssuerHarness.run(prepare: { $0.script(.metadata, .answer(404)) }) { (harness) async throws -> Void in
            #expect(try await harness.answer().status == 200)
            #expect(harness.issuer.fetches(of: .metadata) == 1)
            #expect(harness.issuer.fetches(of: .openIDMetadata) == 1)
        }
    }

    @Test("a configured place of metadata or of keys is used instead of the identifier's", arguments: [true, false])
    func elsewhere(metadata: Bool) async throws {
        let make = { (certificates: TestCertificates) in
            try FakeIssuer.start(certificates, identifier: "https://login.partner.example/tenant")
        }
        let lines = { (issuer: FakeIssuer) in
            [
                metadata
                    ? "discovery_url: \(issuer.origin)\(issuer.path(of: .openIDMetadata))"
                    : "jwks: {url: \"\(issuer.origin)\(issuer.path(of: .keys))\"}",
                "authorities: certs/upstream-ca.pem",
            ]
        }
        try await IssuerHarness.run(make, lines: lines) { (harness) async throws -> Void in
            #expect(try await harness.answer().status == 200)
            #expect(harness.issuer.fetches(of: .metadata) == 0)
            #expect(harness.issuer.fetches(of: .openIDMetadata) == (metadata ? 1 : 0))
        }
    }

    @Test("connect_to says where, and TLS still verifies the name that the URL has", arguments: [true, false])
    func connectTo(isRightName: Bool) async throws {
        let name = "login.partner.example"
        let make = { (certificates: TestCertificates) in
            let certificate = try certificates.upstreamAuthority.issue(
                TestCertificateRequest("issuer", dnsNames: [isRightName ? name : "other.example"], purpose: .server))
            return try FakeIssuer.start(
                certificates, certificate: certificate, identifier: "https://\(name)/realms/shop")
        }
        let prepare = { (issuer: FakeIssuer) in
            issuer.serve(.metadata, try issuer.metadata(keySet: "https://\(name)/realms/shop/jwks").serialized())
        }
        let lines = { (issuer: FakeIssuer) in
            ["connect_to: 127.0.0.1:\(issuer.server.port)", "authorities: certs/upstream-ca.pem"]
        }
        try await IssuerHarness.run(make, lines: lines, prepare: prepare, isReady: isRightName) { harness in
            if isRightName {
                #expect(try await harness.answer().status == 200)
                #expect(harness.issuer.server.requests.allSatisfy { $0.value("host") == name })
            } else {
                _ = try await harness.failed("tls_failed")
                #expect(try await harness.answer().status == 503)
            }
        }
    }

    @Test("RS-063 an issuer whose certificate nobody vouches for is not believed")
    func untrusted() async throws {
        try await IssuerHarness.run(lines: { _ in [] }, isReady: false) { harness in
            _ = try await harness.failed("tls_failed")
            let answer = try await harness.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect(harness.issuer.server.requests.isEmpty)
        }
    }

    @Test("a certificate is shown where the issuer demands one", arguments: [true, false])
    func clientCertificate(shown: Bool) async throws {
        let lines = { (_: FakeIssuer) in
            ["authorities: certs/upstream-ca.pem"]
                + (shown ? ["certificate: {chain: certs/gateway-client.pem, key: certs/gateway-client.key}"] : [])
        }
        try await IssuerHarness.run(
            { try FakeIssuer.start($0, demandsCertificate: true) }, lines: lines, isReady: shown
        ) { (harness) async throws -> Void in
            #expect(try await harness.answer().status == (shown ? 200 : 503))
        }
    }

    @Test(
        "addresses of clouds' metadata services are not asked for keys",
        arguments: ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0"])
    func forbidden(host: String) async throws {
        try await IssuerHarness.run(lines: { _ in ["jwks: {url: \"https://\(host)/keys\"}"] }, isReady: false) {
            harness in
            _ = try await harness.failed("forbidden_address")
            #expect(try await harness.answer().status == 503)
        }
    }

    @Test("plain http is fetched from this machine only, and stands among what is insecure")
    func plaintext() async throws {
        let server = try TestUpstream.start(.plaintext, otherwise: .answer(404))
        let lines = { (_: FakeIssuer) in
            ["jwks: {url: \"http://127.0.0.1:\(server.port)/jwks\"}", "insecure_plaintext: true"]
        }
        try await IssuerHarness.run(
            lines: lines,
            prepare: { issuer in
                let set: JSON = ["keys": [try issuer.key.jwk]]
                let text = String(decoding: set.serialized(), as: UTF8.self)
                server.script([.answer(fields: [HeaderField("Content-Type", "application/json")], text)], for: "/jwks")
            }
        ) { (harness) async throws -> Void in
            #expect(try await harness.answer().status == 200)
            #expect(try await harness.base.healthReport()["insecure"] == ["issuers.kc.insecure_plaintext"])
        }
    }

    /// What an issuer does wrong, and what health calls it.
    struct Lie: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let word: String
        let tell: @Sendable (FakeIssuer) throws -> Void

        init(_ name: String, _ word: String, _ tell: @escaping @Sendable (FakeIssuer) throws -> Void) {
            testDescription = name
            self.word = word
            self.tell = tell
        }
    }

    private static func both(_ issuer: FakeIssuer, _ octets: [UInt8], status: Int = 200, fields: [HeaderField] = []) {
        for document in [FakeIssuer.Document.metadata, .openIDMetadata] {
            issuer.serve(document, octets, status: status, fields: fields)
        }
    }

    static let lies: [Lie] = [
        Lie("RS-062 metadata of another issuer", "wrong_issuer") {
            both($0, try $0.metadata(issuer: "https://evil.example").serialized())
        },
        Lie("RS-062 RS-048 an issuer with a slash more", "wrong_issuer") {
            both($0, try $0.metadata(issuer: $0.identifier + "/").serialized())
        },
        Lie("RS-063 keys over http", "forbidden_jwks_uri") {
            both($0, try $0.metadata(keySet: "http://localhost:\($0.server.port)/realms/shop/jwks").serialized())
        },
        Lie("RS-068 keys on another host", "forbidden_jwks_uri") {
            both($0, try $0.metadata(keySet: "https://127.0.0.1:\($0.server.port)/realms/shop/jwks").serialized())
        },
        Lie("RS-068 metadata that leads elsewhere", "redirected") {
            both($0, [], status: 302, fields: [HeaderField("Location", "\($0.origin)/elsewhere")])
        },
        Lie("RS-068 keys that lead elsewhere", "redirected") {
            $0.serve(.keys, [], status: 307, fields: [HeaderField("Location", "\($0.origin)/elsewhere")])
        },
        Lie("RS-068 metadata without end", "too_large") { issuer in
            for document in [FakeIssuer.Document.metadata, .openIDMetadata] {
                issuer.script(document, .pattern(64 * 1_048_576, chunked: true))
            }
        },
        Lie("RS-068 keys without end", "too_large") { $0.script(.keys, .pattern(64 * 1_048_576, chunked: true)) },
        Lie("RS-068 a page instead of keys", "wrong_content_type") {
            $0.script(.keys, .answer(fields: [HeaderField("Content-Type", "text/html")], "<html></html>"))
        },
        Lie("RS-068 too many keys", "too_many_keys") { issuer in
            try issuer.publish([issuer.key], adding: [JSON](repeating: ["kty": "EC"], count: 100))
        },
        Lie("no keys at all", "no_usable_key") { try $0.publish([]) },
        Lie("an answer that is no HTTP", "bad_answer") { $0.script(.keys, .raw("nonsense\r\n\r\n")) },
        Lie("an error", "bad_status") { $0.script(.keys, .answer(500)) },
    ]

    @Test("an issuer that lies or breaks is not believed: 503 for its tokens, and nobody else's", arguments: lies)
    func liar(_ lie: Lie) async throws {
        try await IssuerHarness.run(prepare: lie.tell, isReady: false) { harness in
            let state = try await harness.failed(lie.word)
            #expect(state["keys"] == .null)
            #expect(state["degraded_since"] != .null)
            let answer = try await harness.answer()
            #expect(answer.status == 503)
            #expect(answer.code == "keys_unavailable")
            #expect(answer.value("retry-after") != nil)
            #expect(try await harness.base.answer("/open/1").status == 200)
            let report = try await harness.base.healthReport()
            #expect(report["status"] == "degraded")
            #expect(report["issuers_without_keys"] == ["kc"])
            #expect(!harness.issuer.server.requests.contains { $0.path == "/elsewhere" })
        }
    }

    @Test("RS-070 a private key in the set is refused with an alarm, and the others serve")
    func privateKey() async throws {
        let leaked = try TestSigningKey(.es256, kid: "leaked")
        let prepare = { (issuer: FakeIssuer) in
            var jwk = try leaked.jwk.object ?? [:]
            jwk["d"] = "AAAA"
            try issuer.publish([issuer.key], adding: [.object(jwk)])
        }
        try await IssuerHarness.run(prepare: prepare) { harness in
            #expect(try await harness.answer().status == 200)
            let state = try await harness.state()
            #expect(state["keys"] == 1)
            #expect(state["alarms"] == ["secret_key_published"])
            #expect(try await harness.base.healthReport()["status"] == "degraded")
            let answer = try await harness.answer(try harness.issuer.token(signedWith: leaked))
            #expect(answer.status == 401)
            #expect(answer.code == "unknown_key")
        }
    }

    @Test("RS-036 what a token says about its keys fetches nothing", arguments: ["jku", "x5u", "jwk", "x5c"])
    func headers(name: String) async throws {
        try await IssuerHarness.run { harness in
            let foreign = try TestSigningKey(.es256, kid: harness.issuer.key.kid)
            let spy = "\(harness.issuer.origin)/spy"
            let value: JSON =
                switch name {
                case "jwk": try foreign.jwk
                case "x5c": ["AAAA"]
                default: .string(spy)
                }
            let answer = try await harness.answer(try harness.issuer.token(signedWith: foreign, header: [name: value]))
            #expect(answer.status == 401)
            #expect(answer.code == "bad_signature")
            // The genuine key is not turned away because of it.
            #expect(try await harness.answer(try harness.issuer.token(header: [name: value])).status == 200)
            #expect(harness.issuer.server.requests.count == 2)
        }
    }

    @Test("RS-049 a key of one issuer does not vouch for another's tokens, though both use the same kid")
    func otherIssuersKey() async throws {
        let other = try FakeIssuer.start(try TestCertificates.shared())
        let entry = IssuerHarness.entry(other, name: "other", lines: ["authorities: certs/upstream-ca.pem"])
        let routes = IssuerHarness.routes.replacingOccurrences(of: "issuers: [kc]", with: "issuers: [kc, other]")
        try await IssuerHarness.run(routes: routes, others: entry) { harness in
            #expect(try await harness.answer().status == 200)
            #expect(try await harness.answer(try other.token()).status == 200)
            let answer = try await harness.answer(try harness.issuer.token(signedWith: other.key))
            #expect(answer.status == 401)
            #expect(answer.code == "bad_signature")
        }
    }
}
