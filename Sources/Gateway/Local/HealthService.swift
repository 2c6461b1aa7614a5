import DataPlane
import HTTP
package import JSON

/// What the gateway says of itself, as JSON: whether it can serve, under which policy, and everything that an operator
/// should not have to look for in a log.
struct HealthService: LocalService {
    let report: @Sendable () -> HealthReport

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        let report = report()
        return ServiceResponse(
            status: report.isHealthy ? 200 : 503,
            fields: [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
            body: report.json.serialized() + [0x0A])
    }
}

/// The facts of a health answer.
package struct HealthReport: Sendable {
    package struct Endpoint: Sendable {
        package var upstream: String
        package var endpoint: String
        package var ejected: Bool
    }
    package var policyHash: String
    /// Why the newest `routes.yaml` is not in force; nil: it is.
    package var reloadError: String?
    package var reloads: Int
    /// Everything that `routes.yaml` switched off, as `upstreams.orders.insecure_plaintext`.
    package var insecurities: [String]
    package var auditState: String
    package var auditHealthy: Bool
    package var auditDropped: Int
    package var endpoints: [Endpoint]
    /// Of the issuers whose keys are fetched.
    package var issuers: [IssuerState]
    /// Of the issuers that are asked about tokens.
    package var introspection: [IntrospectionState]
    package var issuersWithoutKeys: [String]
    /// What the built-in authorization server has taken back; nil: there is none.
    package var revocations: RevocationState?
    package var connections: Int
    package var draining: Bool

    private var isDegraded: Bool {
        reloadError != nil || !issuersWithoutKeys.isEmpty || issuers.contains { !$0.alarms.isEmpty }
            || introspection.contains { !$0.alarms.isEmpty } || revocations?.failure != nil
    }

    package var isHealthy: Bool { auditHealthy && !draining }

    package var json: JSON {
        .object(
            JSONObject([
                ("status", .string(isHealthy ? (isDegraded ? "degraded" : "ok") : "unavailable")),
                ("policy", .string(policyHash)),
                ("reloads", .integer(Int64(reloads))),
                ("reload_error", reloadError.map { .string($0) } ?? .null),
                ("insecure", .array(insecurities.map { .string($0) })),
                (
                    "audit",
                    .object(
                        JSONObject([
                            ("state", .string(auditState)), ("dropped", .integer(Int64(auditDropped))),
                        ]))
                ),
                (
                    "upstreams",
                    .array(
                        endpoints.map {
                            .object(
                                JSONObject([
                                    ("upstream", .string($0.upstream)), ("endpoint", .string($0.endpoint)),
                                    ("ejected", .bool($0.ejected)),
                                ]))
                        })
                ),
                ("issuers", .array(issuers.map(\.json))),
                ("introspection", .array(introspection.map(\.json))),
                ("issuers_without_keys", .array(issuersWithoutKeys.map { .string($0) })),
                ("revocations", revocations?.json ?? .null),
                ("connections", .integer(Int64(connections))),
                ("draining", .bool(draining)),
            ]))
    }
}
