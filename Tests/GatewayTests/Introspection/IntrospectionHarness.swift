import GatewayTesting
import JSON

/// A gateway that asks the fake issuer `as` about its tokens, and an upstream behind it.
struct IntrospectionHarness: Sendable {
    let base: GatewayHarness
    let issuer: FakeIssuer

    static let routes = """
        - id: open
          match: {path: "/open/{rest...}"}
          public: true
          upstream: orders
        - id: orders
          match: {path: "/orders/{rest...}"}
          require: {issuers: [as], scopes: ["orders:read"]}
          upstream: orders
        - id: admin
          match: {path: "/admin/{rest...}"}
          require: {issuers: [as], scopes: ["admin"]}
          upstream: orders
        \(GatewayHarness.health)
        """

    static let secret = "client_secret: {file: certs/introspection.secret}"

    /// - Parameters:
    ///   - tokens: `introspection` or `jwt_and_introspection`.
    ///   - asking: what stands in `introspection`, besides `client_id`; nil for the endpoint's URL and a secret.
    ///   - lines: of the issuer's entry, besides what it must have.
    static func askingByURL(_ issuer: FakeIssuer) -> [String] {
        ["url: \(issuer.origin)\(issuer.path(of: .introspection))", secret]
    }

    static func run<Value: Sendable>(
        tokens: String = "introspection", asking: (FakeIssuer) -> [String] = { IntrospectionHarness.askingByURL($0) },
        lines: [String] = ["authorities: certs/upstream-ca.pem"], routes: String = IntrospectionHarness.routes,
        bounds: [String]? = nil, edit: (String) -> String = { $0 },
        make: (TestCertificates) throws -> FakeIssuer = { try FakeIssuer.start($0) },
        prepare: (TemporaryFolder) throws -> Void = { _ in }, _ body: (IntrospectionHarness) async throws -> Value
    ) async throws -> Value {
        let issuer = try make(try TestCertificates.shared())
        let asking = asking(issuer)
        let entry =
            [
                "  as:", "    issuer: \(issuer.identifier)", "    audience: \(issuer.audience)",
                "    tokens: \(tokens)",
                "    introspection: {client_id: gateway, \(asking.joined(separator: ", "))}",
            ] + lines.map { "    " + $0 }
        return try await GatewayHarness.run(
            routes: routes, sections: "issuers:\n\(entry.joined(separator: "\n"))", issuers: [], bounds: bounds,
            edit: edit,
            prepare: { folder in
                try folder.write("s3cret+with/odd=octets\n", to: "certs/introspection.secret", permissions: 0o600)
                try prepare(folder)
            }
        ) { base in try await body(IntrospectionHarness(base: base, issuer: issuer)) }
    }

    func answer(_ token: String, path: String = "/orders/1") async throws -> CurlResponse {
        try await base.answer(path, token: token)
    }

    /// What health says of asking the issuer.
    func state() async throws -> JSONObject {
        try await base.healthReport()["introspection"]?.array?.first?.object ?? [:]
    }
}
