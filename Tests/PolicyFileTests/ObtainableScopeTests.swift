import Policy
import Testing

@testable import PolicyFile

@Suite("Scopes that nobody can obtain")
struct ObtainableScopeTests {
    private static func findings(require: String, of names: String = "local", _ scopes: [String]?) -> [String] {
        let text = """
            version: 1
            listeners:
              - address: 127.0.0.1:8443
                tls: {certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]}
            issuers:
              local: {embedded: true}
              partner: {issuer: https://login.partner.example, jwks: {file: certs/partner.jwks.json}, audience: https://api.example.com}
            authorization_server:
              issuer: https://localhost:8443
              database: var/portcullis.sqlite
              audience: https://api.example.com
            upstreams:
              orders:
                endpoints: [https://127.0.0.1:9443]
                tls: {authorities: certs/upstream-ca.pem, identity: spiffe://example.org/orders}
            routes:
              - id: orders
                match: {path: "/orders/{rest...}"}
                require: {issuers: [\(names)], \(require)}
                upstream: orders
            """
        let obtainable = scopes.map { scopes in ObtainableScopes(scopes) { required, _ in scopes.contains(required) } }
        let reading = PolicyReader(files: StubPolicyFiles(), obtainable: obtainable).read(
            Array(text.utf8), path: "routes.yaml")
        return reading.findings.filter { $0.message.contains("may obtain") }.map {
            "\($0.severity) \($0.position.line):\($0.position.column) \($0.message)"
        }
    }

    @Test("a route that asks for one is warned of, with its place and what is like it")
    func warned() {
        let found = Self.findings(
            require: #"scopes: ["orders:read", "orders:wriet"]"#, ["orders:read", "orders:write"])
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("warning 19:57 ") == true, "\(found)")
        #expect(found.first?.contains("\"orders:wriet\"") == true)
        #expect(found.first?.contains("\"orders:write\"") == true)
    }

    @Test("of scopes of which one suffices, one suffices")
    func any() {
        #expect(Self.findings(require: #"any_scope: ["a", "b"]"#, ["b"]).isEmpty)
        #expect(Self.findings(require: #"any_scope: ["a", "b"]"#, ["c"]).count == 1)
    }

    @Test("nothing is said where nobody knows: no clients at hand, or tokens of other issuers, too")
    func unknown() {
        #expect(Self.findings(require: #"scopes: ["a"]"#, nil).isEmpty)
        #expect(Self.findings(require: #"scopes: ["a"]"#, of: "local, partner", ["b"]).isEmpty)
        #expect(Self.findings(require: #"scopes: ["a"]"#, of: "partner", ["b"]).isEmpty)
    }

    @Test(
        "clients that may come without PKCE are named in a warning, a few of many",
        arguments: [
            ([], nil), (["shop"], "\"shop\";"), (["a", "b", "c", "d", "e", "f", "g"], "\"e\" and 2 more;"),
        ] as [([String], String?)])
    func withoutPKCE(clients: [String], names: String?) {
        let text = """
            version: 1
            listeners:
              - address: 127.0.0.1:8443
                tls: {certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]}
            issuers:
              local: {embedded: true}
            authorization_server:
              issuer: https://localhost:8443
              database: var/portcullis.sqlite
              audience: https://api.example.com
            upstreams:
              orders:
                endpoints: [https://127.0.0.1:9443]
                tls: {authorities: certs/upstream-ca.pem, identity: spiffe://example.org/orders}
            routes:
              - id: orders
                match: {path: "/orders/{rest...}"}
                require: {issuers: [local], scopes: [a]}
                upstream: orders
            """
        var obtainable = ObtainableScopes(["a"]) { _, _ in true }
        obtainable.clientsWithoutPKCE = clients
        let reading = PolicyReader(files: StubPolicyFiles(), obtainable: obtainable).read(
            Array(text.utf8), path: "routes.yaml")
        let found = reading.findings.filter { $0.code == .withoutPKCE }
        #expect(found.count == (names == nil ? 0 : 1))
        #expect(reading.policy != nil)
        if let names {
            #expect(found.first?.severity == .warning && found.first?.position.line == 7)
            #expect(found.first?.message.contains(names) == true, "\(found)")
        }
    }
}
