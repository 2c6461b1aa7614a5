import Foundation
import GatewayTesting
import JSON

/// A gateway between a client and the upstream `orders`, with the trusted issuer `partner`.
struct GatewayHarness: Sendable {
    let gateway: TestGateway
    let upstream: TestUpstream
    let issuer: TestIssuer

    /// `/open/…` for everybody, `/orders/…` to read and to write with a token, `/health` for everybody.
    static let routes = """
        - id: open
          match: {path: "/open/{rest...}"}
          public: true
          upstream: orders
        - id: orders.read
          match: {methods: [GET, HEAD], path: "/orders/{rest...}"}
          require: {issuers: [partner], scopes: ["orders:read"]}
          upstream: orders
        - id: orders.write
          match: {methods: [POST], path: "/orders/{rest...}"}
          require: {issuers: [partner], scopes: ["orders:write"]}
          upstream: orders
        \(health)
        """

    static let health = """
        - id: gateway.health
          match: {methods: [GET], path: /health}
          public: true
          local: health
        """

    /// Plays on a gateway that is there for one test only.
    /// - Parameters:
    ///   - sections: `limits:` and the like, from the left margin.
    ///   - edit: the last word about the policy's text.
    ///   - prepare: changes files before the start.
    static func run<Value: Sendable>(
        routes: String = GatewayHarness.routes, sections: String = "", issuers: [TestIssuer]? = nil,
        runner: (any GatewayRunner)? = nil, paths: [String: UpstreamScript] = [:],
        bounds: [String]? = nil, timeouts: [String] = [], edit: (String) -> String = { $0 },
        prepare: (TemporaryFolder) throws -> Void = { _ in }, _ body: (GatewayHarness) async throws -> Value
    ) async throws -> Value {
        let certificates = try TestCertificates.shared()
        let issuer = try issuers?.first ?? TestIssuer.partner()
        let upstream = try TestUpstream.start(.orders(certificates), paths: paths)
        let text = policy(
            to: upstream.port, routes: routes, sections: sections, issuers: issuers ?? [issuer], bounds: bounds,
            timeouts: timeouts)
        let gateway = try await TestGateway.start(
            policyText: edit(text), issuers: issuers ?? [issuer], certificates: certificates, runner: runner,
            prepare: prepare)
        // Nobody waits for connections that clients keep open.
        defer { Task { try? await gateway.stop() } }
        return try await body(GatewayHarness(gateway: gateway, upstream: upstream, issuer: issuer))
    }

    /// The text of a policy such as `run` starts with; for what comes after it.
    func policy(routes: String = GatewayHarness.routes, sections: String = "", edit: (String) -> String = { $0 })
        -> String
    {
        edit(Self.policy(to: upstream.port, routes: routes, sections: sections, issuers: [issuer]))
    }

    private static func policy(
        to port: Int, routes: String, sections: String, issuers: [TestIssuer], bounds: [String]? = nil,
        timeouts: [String] = []
    ) -> String {
        var policy = TestPolicy(upstreams: [.init("orders", ports: [port])], routes: routes)
        policy.issuers = issuers
        policy.sections = sections
        if let bounds { policy.bounds = bounds }
        policy.timeouts = timeouts
        return policy.text
    }

    /// Where the record of every decision goes, instead of the file alone.
    static func audit(_ settings: String) -> (String) -> String {
        { $0.replacingOccurrences(of: "audit: {file: {path: audit.jsonl}}", with: "audit: {\(settings)}") }
    }

    // MARK: Requests

    func client() throws -> CurlClient { try gateway.client() }

    /// A request to the gateway, with a token if there is one.
    func request(_ path: String, method: String = "GET", token: String? = nil, fields: [HeaderField] = [])
        -> CurlRequest
    {
        let request = CurlRequest(method, gateway.url + path, fields: fields)
        return token.map(request.bearer) ?? request
    }

    /// One request on a connection of its own.
    func answer(_ path: String, method: String = "GET", token: String? = nil, fields: [HeaderField] = []) async throws
        -> CurlResponse
    {
        try await client().send(request(path, method: method, token: token, fields: fields))
    }

    /// What the gateway says of itself.
    func healthReport() async throws -> JSONObject {
        let answer = try await answer("/health")
        guard let report = try JSON.parse(answer.body).object else {
            throw MissingReport(status: answer.status, text: answer.text)
        }
        return report
    }

    struct MissingReport: Error {
        let status: Int
        let text: String
    }

    /// The one record of each of these answers, and no more records than that.
    func record(of answer: CurlResponse) async throws -> JSONObject { try await gateway.auditRecord(of: answer) }
}

extension CurlResponse {
    /// `code` of the problem document that a refusal carries (RFC 9457).
    var code: String? { (try? JSON.parse(body))?.object?["code"]?.string }
}
