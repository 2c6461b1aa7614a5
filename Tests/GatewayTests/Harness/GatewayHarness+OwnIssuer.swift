import Foundation
import GatewayTesting

extension GatewayHarness {
    /// `/orders/…` to read with a token of the gateway's own authorization server, `/health` for everybody.
    static let ownRoutes = """
        - id: orders.read
          match: {path: "/orders/{rest...}"}
          require: {issuers: [local], scopes: ["orders:read"]}
          upstream: orders
        \(health)
        """

    /// Plays on a gateway whose one issuer is its own authorization server.
    /// - Parameters:
    ///   - server: further lines of `authorization_server`.
    ///   - sections: `limits:` and the like, from the left margin.
    ///   - edit: the last word about the policy's text.
    ///   - body: what is played, with the issuer's name.
    static func runOwnIssuer<Value: Sendable>(
        routes: String = GatewayHarness.ownRoutes, server: [String] = [], sections: String = "",
        runner: (any GatewayRunner)? = nil, paths: [String: UpstreamScript] = [:],
        edit: (String) -> String = { $0 }, prepare: (TemporaryFolder) throws -> Void = { _ in },
        _ body: (GatewayHarness, String) async throws -> Value
    ) async throws -> Value {
        // The issuer's name has the port in it, so it must be known before; another test may take it meanwhile.
        for _ in 0..<5 {
            let port = try TestUpstream.unusedPort()
            let issuer = "https://localhost:\(port)"
            let lines =
                ["issuer: \(issuer)", "database: var/portcullis.sqlite", "audience: https://api.example.com"] + server
            let policy = """
                issuers:
                  local: {embedded: true}
                authorization_server:
                \(lines.map { "  " + $0 }.joined(separator: "\n"))
                \(sections)
                """
            do {
                return try await run(
                    routes: routes, sections: policy, issuers: [], runner: runner, paths: paths,
                    edit: { edit($0.replacingOccurrences(of: "127.0.0.1:0", with: "127.0.0.1:\(port)")) },
                    prepare: prepare
                ) { harness in try await body(harness, issuer) }
            } catch let refusal as GatewayRefusedToStart where refusal.description.contains("the port is in use") {}
        }
        throw GatewayRefusedToStart(reasons: ["no port stays free"])
    }
}
