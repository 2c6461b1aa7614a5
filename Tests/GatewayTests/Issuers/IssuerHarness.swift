import Foundation
import GatewayTesting
import JSON

/// A gateway that fetches the keys of the issuer `kc` from a fake one, and an upstream behind it.
struct IssuerHarness: Sendable {
    let base: GatewayHarness
    let issuer: FakeIssuer

    static let routes = """
        - id: open
          match: {path: "/open/{rest...}"}
          public: true
          upstream: orders
        - id: orders
          match: {path: "/orders/{rest...}"}
          require: {issuers: [kc], scopes: ["orders:read"]}
          upstream: orders
        \(GatewayHarness.health)
        """

    /// - Parameters:
    ///   - lines: of the issuer's entry, besides what it must have; nil: discovery, with the issuer's own authority.
    ///   - others: entries of other issuers.
    ///   - prepare: spoils the issuer before the gateway starts.
    ///   - isReady: waits until the gateway has its keys.
    static func run<Value: Sendable>(
        _ make: (TestCertificates) throws -> FakeIssuer = { try FakeIssuer.start($0) },
        routes: String = IssuerHarness.routes,
        lines: ((FakeIssuer) -> [String])? = nil, others: String = "", prepare: (FakeIssuer) throws -> Void = { _ in },
        isReady: Bool = true, runner: (any GatewayRunner)? = nil, timeouts: [String] = [],
        edit: (String) -> String = { $0 }, _ body: (IssuerHarness) async throws -> Value
    ) async throws -> Value {
        let issuer = try make(try TestCertificates.shared())
        try prepare(issuer)
        let entry = entry(issuer, lines: lines?(issuer) ?? ["authorities: certs/upstream-ca.pem"])
        return try await GatewayHarness.run(
            routes: routes, sections: "issuers:\n\(entry)\n\(others)", issuers: [], runner: runner, timeouts: timeouts,
            edit: edit
        ) { base in
            let own = IssuerHarness(base: base, issuer: issuer)
            if isReady { try await own.ready() }
            return try await body(own)
        }
    }

    static func entry(_ issuer: FakeIssuer, name: String = "kc", lines: [String]) -> String {
        ([
            "  \(name):", "    issuer: \(issuer.identifier)", "    audience: \(issuer.audience)",
            "    algorithms: [ES256]",
        ]
            + lines.map { "    " + $0 }).joined(separator: "\n")
    }

    /// Waits until the keys are there.
    func ready() async throws {
        try await eventually("the keys of the issuer") { try await (state()["keys"]?.int ?? 0) > 0 }
    }

    /// What health says of the issuer.
    func state(of name: String = "kc") async throws -> JSONObject {
        let all = try await base.healthReport()["issuers"]?.array ?? []
        return all.compactMap(\.object).first { $0["issuer"]?.string == name } ?? [:]
    }

    /// Waits until health says that fetching failed like this.
    func failed(_ word: String) async throws -> JSONObject {
        try await eventually("the failure \(word)") {
            let state = try await state()
            return state["failure"]?.string == word ? state : nil
        }
    }

    /// A request with a token of the issuer.
    func answer(_ token: String? = nil, path: String = "/orders/1") async throws -> CurlResponse {
        try await base.answer(path, token: try token ?? issuer.token())
    }
}
