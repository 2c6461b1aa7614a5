/// A `routes.yaml` put together from what a test cares for; everything else is as an operator would have it.
package struct TestPolicy: Sendable {
    /// An upstream section. Its endpoints are ports of 127.0.0.1.
    package struct UpstreamEntry: Sendable {
        /// What routes name it by.
        package var name: String
        /// Of its endpoints, one for each.
        package var ports: [Int]
        /// What the certificates of its endpoints must name.
        package var identity: String
        /// Lines below the name, without indentation.
        package var lines: [String]

        /// - Parameter identity: nil: `spiffe://example.org/NAME`.
        package init(_ name: String, ports: [Int], identity: String? = nil, lines: [String] = []) {
            self.name = name
            self.ports = ports
            self.identity = identity ?? "spiffe://example.org/\(name)"
            self.lines = lines
        }
    }

    /// Whether the listener has TLS; otherwise it says `insecure_plaintext`.
    package var hasTLS = true
    package var issuers: [TestIssuer] = []
    /// Which services there are.
    package var upstreams: [UpstreamEntry]
    /// The items of `routes`, as YAML that begins at the left margin.
    package var routes: String
    /// Whole sections (`limits:`, `authorization_server:`, …) that begin at the left margin.
    package var sections = ""
    /// Lines of `timeouts` and of `bounds`. There is no limit on bad tokens, since tests share one address.
    package var timeouts: [String] = []
    /// Lines of `bounds`.
    package var bounds: [String] = ["bad_tokens_per_minute_max: 0", "refused_per_minute_max: 0"]

    package init(upstreams: [UpstreamEntry], routes: String) {
        self.upstreams = upstreams
        self.routes = routes
    }

    /// A policy with one upstream `orders`, and one route to all of it for everybody.
    package static func open(to port: Int) -> TestPolicy {
        TestPolicy(
            upstreams: [UpstreamEntry("orders", ports: [port])],
            routes: """
                - id: everything
                  match: {path: "/{rest...}"}
                  public: true
                  upstream: orders
                """)
    }

    /// A policy with one upstream `orders`, and one route to all of it for tokens of `issuer` with the scope
    /// `orders:read`.
    package static func protected(to port: Int, issuer: TestIssuer) -> TestPolicy {
        var policy = TestPolicy(
            upstreams: [UpstreamEntry("orders", ports: [port])],
            routes: """
                - id: orders.read
                  match: {path: "/{rest...}"}
                  require: {issuers: [partner], scopes: ["orders:read"]}
                  upstream: orders
                """)
        policy.issuers = [issuer]
        return policy
    }

    /// The file's text; its certificates are where `TestCertificates.write` puts them, and port 0 is asked for.
    package var text: String {
        let listener =
            hasTLS
            ? """
              - address: 127.0.0.1:0
                tls:
                  certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]
                  client_authorities: certs/client-ca.pem
            """
            : """
              - address: 127.0.0.1:0
                insecure_plaintext: true
            """
        var parts = ["version: 1", "workers: 1", "listeners:\n\(listener)"]
        if !issuers.isEmpty { parts.append("issuers:\n" + issuers.enumerated().map(issuer).joined(separator: "\n")) }
        parts.append("upstreams:\n" + upstreams.map(upstream).joined(separator: "\n"))
        parts.append("routes:\n" + Self.indented(routes, by: 2))
        parts.append("audit: {file: {path: \(TestGateway.auditFile)}}")
        if !timeouts.isEmpty { parts.append("timeouts:\n" + Self.indented(timeouts.joined(separator: "\n"), by: 2)) }
        if !bounds.isEmpty { parts.append("bounds:\n" + Self.indented(bounds.joined(separator: "\n"), by: 2)) }
        if !sections.isEmpty { parts.append(sections) }
        return parts.joined(separator: "\n") + "\n"
    }

    private func issuer(_ index: Int, _ issuer: TestIssuer) -> String {
        """
          \(issuer.name):
            issuer: \(issuer.identifier)
            jwks: {file: certs/\(issuer.name).jwks.json}
            audience: \(issuer.audience)
            algorithms: [\(Set(issuer.keys.map(\.algorithm.rawValue)).sorted().joined(separator: ", "))]
        """
    }

    private func upstream(_ entry: UpstreamEntry) -> String {
        """
          \(entry.name):
            endpoints: [\(entry.ports.map { "https://127.0.0.1:\($0)" }.joined(separator: ", "))]
            tls:
              authorities: certs/upstream-ca.pem
              certificate: {chain: certs/gateway-client.pem, key: certs/gateway-client.key}
              identity: \(entry.identity)
        """ + entry.lines.map { "\n" + Self.indented($0, by: 4) }.joined()
    }

    private static func indented(_ text: String, by count: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : String(repeating: " ", count: count) + $0 }.joined(separator: "\n")
    }
}
