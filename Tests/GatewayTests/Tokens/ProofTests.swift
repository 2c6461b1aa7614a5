import Foundation
import GatewayTesting
import JSON
import Testing

/// DPoP over real connections: the client's proofs are OpenSSL's, and its requests libcurl's.
@Suite("tokens that are bound to a key (RFC 9449)")
struct ProofTests {
    private static let routes = """
        - id: orders
          match: {path: "/orders/{rest...}"}
          require: {issuers: [partner], scopes: ["orders:read"]}
          upstream: orders
        - id: proved
          match: {path: "/proved/{rest...}"}
          require: {issuers: [partner], proof: dpop}
          upstream: orders
        - id: nonce
          match: {path: /nonce}
          require: {issuers: [partner], proof: dpop, dpop_nonce: true}
          upstream: orders
        - id: mtls
          match: {path: /mtls}
          require: {issuers: [partner], proof: mtls}
          upstream: orders
        - id: any
          match: {path: /any}
          require: {issuers: [partner], proof: any}
          upstream: orders
        - id: passed_on
          match: {path: /passed-on}
          require: {issuers: [partner]}
          forward_token: true
          upstream: orders
        - id: open
          match: {path: /open}
          public: true
          upstream: orders
        """

    private static let harness = Task {
        let certificates = try TestCertificates.shared()
        let issuer = try TestIssuer.partner()
        let upstream = try TestUpstream.start(.orders(certificates), otherwise: .reflect)
        var policy = TestPolicy(upstreams: [.init("orders", ports: [upstream.port])], routes: routes)
        policy.issuers = [issuer]
        let gateway = try await TestGateway.start(policy, certificates: certificates)
        return GatewayHarness(gateway: gateway, upstream: upstream, issuer: issuer)
    }

    /// A request with a proof, and what came of it.
    private func answer(
        _ path: String, method: String = "GET", client: ProvingClient, token: String, nonce: String? = nil,
        htu: String? = nil,
        adding more: [HeaderField] = [], bend: (inout TokenDraft) -> Void = { _ in }
    ) async throws -> CurlResponse {
        let harness = try await Self.harness.value
        let fields = try client.fields(
            method, htu ?? harness.gateway.url + path, token: token, nonce: nonce, bend: bend)
        return try await harness.answer(path, method: method, fields: fields + more)
    }

    @Test(
        "RS-089 a token with a proof of its key is served, and the upstream never sees the proof",
        arguments: [TestAlgorithm.es256, .es384, .edDSA, .ps256, .rs256])
    func good(algorithm: TestAlgorithm) async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient(algorithm)
        let token = try client.token(of: harness.issuer)
        for path in ["/orders/1", "/proved/1", "/any"] {
            let answer = try await answer(path + "?a=b", client: client, token: token)
            #expect(answer.status == 200, "\(path): \(answer.text)")
            #expect(!answer.text.lowercased().contains("dpop") && !answer.text.contains(token))
            #expect(answer.text.contains("X-Auth-Subject: alice"))
        }
        let passed = try await answer("/passed-on", client: client, token: token)
        #expect(passed.text.contains("DPoP \(token)") && !passed.text.lowercased().contains("\r\ndpop:"))
    }

    @Test("RS-085 a proof that is sent to a public route does not reach the upstream")
    func stripped() async throws {
        let harness = try await Self.harness.value
        let answer = try await harness.answer(
            "/open", fields: [HeaderField("DPoP", "spoofed"), HeaderField("D_PoP", "spoofed")])
        #expect(answer.status == 200 && !answer.text.contains("spoofed"))
    }

    @Test("RS-098 RS-100 htu is the URL that the client called, with the gateway's port")
    func target() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let port = harness.gateway.url.split(separator: ":").last.map(String.init) ?? ""
        let good = ["https://LOCALHOST:\(port)/orders/1?x=y", "HTTPS://localhost:\(port)/orders/%31"]
        for htu in good { #expect(try await answer("/orders/1", client: client, token: token, htu: htu).status == 200) }
        let bad = [
            "https://localhost/orders/1", "http://localhost:\(port)/orders/1", "https://localhost:\(port)/orders/2",
            "https://127.0.0.1:\(harness.upstream.port)/orders/1", "https://api.example.com/orders/1",
        ]
        for htu in bad {
            let answer = try await answer(
                "/orders/1", client: client, token: token, htu: htu,
                adding: [HeaderField("X-Forwarded-Host", "api.example.com"), HeaderField("X-Forwarded-Proto", "http")])
            #expect(answer.status == 401 && answer.code == "wrong_proof_target", "\(htu)")
        }
    }

    @Test("RS-110 a bad proof is 401 with the challenge of RFC 9449, and the record says what was wrong with it")
    func challenge() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let refused = try await answer("/orders/1", client: client, token: token) { $0.claims["htm"] = "POST" }
        #expect(refused.status == 401)
        let challenge = try #require(refused.value("www-authenticate"))
        #expect(challenge.hasPrefix("DPoP realm=\"portcullis\", error=\"invalid_dpop_proof\""))
        #expect(challenge.contains("algs=\"RS256 ") && challenge.contains(" ES256 "))
        #expect(try await harness.record(of: refused)["code"] == "wrong_proof_target")
        let missing = try await harness.answer("/proved/1")
        #expect(missing.value("www-authenticate")?.hasPrefix("DPoP realm=") == true && missing.code == "missing_token")
    }

    @Test("RS-105 RS-106 RS-107 RS-108 tokens and proofs that do not belong together")
    func mismatches() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let plain = try harness.issuer.token(.es256)
        let stolen = try await answer("/orders/1", client: try ProvingClient(), token: token)
        #expect(
            stolen.code == "wrong_proof_key"
                && stolen.value("www-authenticate")?.contains("error=\"invalid_token\"") == true)
        let bearer = try await harness.answer("/orders/1", token: token)
        #expect(
            bearer.status == 401 && bearer.code == "missing_proof"
                && bearer.value("www-authenticate")?.hasPrefix("DPoP ") == true)
        let naked = try await harness.answer("/orders/1", fields: [HeaderField("Authorization", "DPoP \(token)")])
        #expect(naked.code == "missing_proof")
        #expect(try await answer("/orders/1", client: client, token: plain).code == "unbound_token")
        #expect(try await harness.answer("/orders/1", token: plain).status == 200)
    }

    @Test("RS-090 two DPoP fields are refused")
    func twoProofs() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let other = try client.draft("GET", harness.gateway.url + "/orders/1", token: token).signed()
        let answer = try await answer("/orders/1", client: client, token: token, adding: [HeaderField("DPoP", other)])
        #expect(answer.status == 400 && answer.code == "ambiguous_credentials")
    }

    @Test("RS-109 a proof counts once")
    func replay() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let fields = try client.fields("GET", harness.gateway.url + "/orders/1", token: token)
        #expect(try await harness.answer("/orders/1", fields: fields).status == 200)
        let again = try await harness.answer("/orders/1", fields: fields)
        #expect(again.status == 401 && again.code == "replayed_proof")
    }

    @Test("RS-102 RS-103 RS-112 where a nonce is demanded the gateway gives one, and takes no proof without")
    func nonce() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let token = try client.token(of: harness.issuer)
        let asked = try await answer("/nonce", client: client, token: token)
        #expect(asked.status == 401 && asked.code == "nonce_required")
        #expect(asked.value("www-authenticate")?.contains("error=\"use_dpop_nonce\"") == true)
        #expect(asked.values("dpop-nonce").count == 1 && asked.value("cache-control") == "no-store")
        let nonce = try #require(asked.value("dpop-nonce"))
        #expect(try await answer("/nonce", client: client, token: token, nonce: nonce).status == 200)
        #expect(try await answer("/nonce", client: client, token: token, nonce: nonce + "x").code == "nonce_required")
        #expect(try await answer("/nonce", client: client, token: token).code == "nonce_required")
        let unasked = try await answer("/orders/1", client: client, token: token)
        #expect(unasked.status == 200 && unasked.value("dpop-nonce") == nil)
    }

    @Test("RS-131 a route that demands a proof takes no token without")
    func demanded() async throws {
        let harness = try await Self.harness.value
        let client = try ProvingClient()
        let bound = try client.token(of: harness.issuer)
        let plain = try harness.issuer.token(.es256)
        for path in ["/proved/1", "/mtls", "/any", "/nonce"] {
            let answer = try await harness.answer(path, token: plain)
            #expect(answer.status == 401 && answer.code == "unbound_token", "\(path)")
        }
        #expect(try await answer("/mtls", client: client, token: bound).code == "unbound_token")
        let missing = try await harness.answer("/any")
        let challenge = missing.value("www-authenticate") ?? ""
        #expect(challenge.hasPrefix("Bearer realm=") && challenge.contains(", DPoP realm="))
    }

    @Test("RS-081 RS-082 RS-083 RS-131 a token that is bound to a certificate is served on its connection only")
    func certificates() async throws {
        let harness = try await Self.harness.value
        // What the certificate is, an upstream that was shown it would say; here OpenSSL reads it from its file.
        let digest = ProvingClient.sha256(try harness.gateway.certificates.client.der)
        let token = try harness.issuer.token(
            .es256, adding: ["cnf": ["x5t#S256": .string(Base64URLText.encode(digest))]])
        let with = try harness.gateway.client(certificate: harness.gateway.certificates.client)
        for path in ["/mtls", "/any", "/orders/1"] {
            #expect(try await with.send(harness.request(path, token: token)).status == 200, "\(path)")
            let answer = try await harness.answer(path, token: token)
            #expect(answer.status == 401 && answer.code == "wrong_certificate", "\(path)")
        }
        // RS-085: a field says nothing about the connection.
        let fields = ["Client-Cert", "X-Forwarded-Client-Cert", "X-SSL-Cert"].map {
            HeaderField($0, harness.gateway.certificates.client.chain.filter { $0 != "\n" })
        }
        let spoofed = try await harness.answer("/orders/1", token: token, fields: fields)
        #expect(spoofed.code == "wrong_certificate")
        #expect(try await with.send(harness.request("/proved/1", token: token)).status == 401)
    }

    @Test(
        "RS-086 a resumed session has the certificate of its own first handshake, and no other has it",
        arguments: [TLSVersionChoice.tls12, .tls13], [true, false])
    func resumption(version: TLSVersionChoice, shows: Bool) async throws {
        let harness = try await Self.harness.value
        let certificate = harness.gateway.certificates.client
        let digest = ProvingClient.sha256(try certificate.der)
        let token = try harness.issuer.token(
            .es256, adding: ["cnf": ["x5t#S256": .string(Base64URLText.encode(digest))]])
        var session: TLSSession?
        for round in 0..<3 {
            let client = try await harness.gateway.rawClient {
                $0.tls?.maximum = version
                // Later a certificate is there as well, but a resumed handshake shows none.
                if round == 0 ? shows : !shows { $0.tls?.certificate = certificate }
                $0.session = session
            }
            try await client.write("GET /mtls HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
            let answer = try await client.readAnswer()
            #expect(answer.status == (shows ? 200 : 401), "round \(round)")
            #expect(client.facts?.isResumed == (round > 0))
            session = await client.session
            await client.close()
        }
    }
}
