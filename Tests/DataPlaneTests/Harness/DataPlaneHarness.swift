import GatewayTesting
import Testing

/// A gateway between a client and one upstream, for one test.
struct DataPlaneHarness: Sendable {
    let gateway: TestGateway
    let upstream: TestUpstream

    /// `/secret/…` needs a token; `/ws` and everything below it may be upgraded; all else is for everybody.
    static let routes = """
        - id: secret
          match: {path: "/secret/{rest...}"}
          require: {issuers: [partner], scopes: ["orders:read"]}
          upstream: orders
        - id: tunnel
          match: {path: "/ws/{rest...}"}
          public: true
          allow_upgrade: true
          upstream: orders
        - id: open
          match: {path: "/{rest...}"}
          public: true
          body_max: unlimited
          upstream: orders
        """

    /// Plays a harness, and judges at its end that nothing reached the upstream that RFC 9112 does not allow.
    /// - Parameters:
    ///   - otherwise: how the upstream treats paths that are not in `paths`.
    ///   - change: of the policy before it is written.
    ///   - edit: of the policy's text.
    static func run<Value: Sendable>(
        _ otherwise: UpstreamScript = .answer(), paths: [String: UpstreamScript] = [:],
        manner: (TestCertificates) -> UpstreamManner = { .orders($0) }, runner: (any GatewayRunner)? = nil,
        change: (inout TestPolicy) -> Void = { _ in }, edit: (String) -> String = { $0 },
        prepare: (TemporaryFolder) throws -> Void = { _ in }, _ body: (DataPlaneHarness) async throws -> Value
    ) async throws -> Value {
        let certificates = try TestCertificates.shared()
        let upstream = try TestUpstream.start(manner(certificates), paths: paths, otherwise: otherwise)
        var policy = TestPolicy(upstreams: [.init("orders", ports: [upstream.port])], routes: routes)
        policy.issuers = [try TestIssuer.partner()]
        policy.timeouts.append("drain: 1s")
        change(&policy)
        let gateway = try await TestGateway.start(
            policyText: edit(policy.text), issuers: policy.issuers, certificates: certificates, runner: runner,
            prepare: prepare)
        // Nobody waits for connections that clients keep open.
        defer { Task { try? await gateway.stop() } }
        let value = try await body(DataPlaneHarness(gateway: gateway, upstream: upstream))
        #expect(upstream.violations == [])
        return value
    }

    /// A client that sends any octets, and has sent these.
    func sending(_ text: String, _ change: (inout RawClientSettings) -> Void = { _ in }) async throws -> RawTLSClient {
        let client = try await gateway.rawClient(change)
        try await client.write(text)
        return client
    }

    /// The connections of the gateway to the upstream have all ended.
    func upstreamIsLeft() async throws {
        try await eventually("the connections to the upstream to end") { upstream.connectionsOpen == 0 }
    }
}

/// Octets of requests.
enum Ask {
    static func get(_ path: String = "/", fields: String...) -> String { head("GET", path, fields) }

    static func head(_ method: String, _ path: String, _ fields: [String] = []) -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(fields.map { $0 + "\r\n" }.joined())\r\n"
    }

    static func post(_ path: String = "/", _ body: String, fields: String...) -> String {
        head("POST", path, ["Content-Length: \(body.utf8.count)"] + fields) + body
    }
}

extension UpstreamScript {
    /// Reads the request, then writes exactly these octets, and goes on.
    static func says(_ text: String) -> UpstreamScript { .raw(text, closes: false) }
}

/// Looks again and again until a number has stayed the same for a while.
func settled(_ what: String, _ number: () async throws -> Int) async throws -> Int {
    var (last, same) = (-1, 0)
    return try await eventually("\(what) to settle") { () -> Int? in
        let now = try await number()
        same = now == last ? same + 1 : 0
        last = now
        return same >= 12 ? now : nil
    }
}
