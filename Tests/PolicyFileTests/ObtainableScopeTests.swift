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

    /// A policy whose only route asks for `orders:read`, in line 15.
    private static func warnings(
        _ obtainable: ObtainableScopes, server: String = "", code: FindingCode = .unused
    ) -> [String] {
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
              groups: {staff: {may: ["orders:read"]}}
            \(server)
            routes:
              - id: orders
                match: {path: "/orders/{rest...}", hosts: [localhost]}
                require: {issuers: [local], scopes: ["orders:read"]}
                local: health
            """
        let reading = PolicyReader(files: StubPolicyFiles(), obtainable: obtainable).read(
            Array(text.utf8), path: "routes.yaml")
        #expect(reading.policy != nil, "\(reading.findings)")
        return reading.findings.filter { $0.code == code }.map(\.message)
    }

    @Test(
        "a scope that clients are registered for and no route asks for is warned of, unless it needs no route",
        arguments: [
            ("orders:read", "", nil), ("openid", "", nil), ("offline_access", "", nil),
            (
                "orders:raed", "",
                "\"shop\", \"web\" may obtain the scope \"orders:raed\", which no route asks for; did you mean \"orders:read\"?"
            ),
            ("stock", "", "describe it in \"scope_descriptions\""),
            ("stock", "  scope_descriptions: {stock: See the stock}", nil),
            ("admin:read", "", "there is no management interface; add admin: {}"), ("admin:read", "  admin: {}", nil),
        ] as [(String, String, String?)])
    func unlisted(scope: String, server: String, text: String?) {
        var obtainable = ObtainableScopes(["orders:read"]) { required, _ in required == "orders:read" }
        obtainable.registered = [(scope, ["shop", "web"])]
        let found = Self.warnings(obtainable, server: server)
        #expect(found.count == (text == nil ? 0 : 1), "\(found)")
        if let text { #expect(found.first?.contains(text) == true, "\(found)") }
    }

    @Test("clients that want to be told of log-outs and never get an ID token are warned of")
    func neverLoggedOut() {
        var obtainable = ObtainableScopes(["orders:read"]) { _, _ in true }
        obtainable.neverLoggedOut = ["shop"]
        let found = Self.warnings(obtainable)
        #expect(
            found.count == 1 && found.first?.contains("client \"shop\" registered a backchannel_logout_uri") == true)
    }

    @Test("users are looked at without clients, too, and then nothing is said of what clients may")
    func usersAlone() {
        var obtainable = ObtainableScopes([]) { _, _ in false }
        obtainable.hasClients = false
        obtainable.unknownGroups = [("staf", 2)]
        let found = Self.warnings(obtainable, code: .unknownReference)
        #expect(found.count == 1 && found.first?.contains("2 users are in the group \"staf\"") == true, "\(found)")
        #expect(Self.warnings(obtainable, code: .unsatisfiable).isEmpty)
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
