package import DataPlane
import HTTP
package import JSON
package import Transport

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
    /// One endpoint of an upstream.
    package struct Endpoint: Sendable {
        /// The name of the upstream in `routes.yaml`.
        package var upstream: String
        /// `host:port`.
        package var endpoint: String
        /// It has failed too often lately, and is passed over for a while.
        package var ejected: Bool
        /// It would be passed over if not half of its upstream's endpoints were.
        package var ejectionWithheld = false
    }
    /// How often handshakes have failed for one reason.
    package struct FailedHandshakes: Sendable {
        /// A word of `HandshakeFailure`.
        package var reason: String
        /// Since the start.
        package var count: Int
    }
    /// `Policy.hash` of what is in force; empty: nothing is yet.
    package var policyHash: String
    /// Why the newest `routes.yaml` is not in force; nil: it is.
    package var reloadError: String?
    /// How often a new policy has come into force since the start.
    package var reloads: Int
    /// Everything that `routes.yaml` switched off, as `upstreams.orders.insecure_plaintext`.
    package var insecurities: [String]
    /// `ok`, or why records cannot be written.
    package var auditState: String
    /// False: requests are refused, because they could not be recorded.
    package var auditHealthy: Bool
    /// Records that were lost, where the policy prefers that to refusing.
    package var auditDropped: Int
    /// Refused requests that matched no route and share a record with others.
    package var auditCounted: Int
    /// How often somebody has removed, replaced or cut the audit file since the start.
    package var auditAlarms: Int
    /// What was found the last time; nil: nothing since SIGHUP.
    package var auditAlarm: String?
    package var endpoints: [Endpoint]
    /// Of the issuers whose keys are fetched.
    package var issuers: [IssuerState]
    /// Of the issuers that are asked about tokens.
    package var introspection: [IntrospectionState]
    /// Names of all issuers whose tokens cannot be verified at the moment, wherever their keys come from.
    package var issuersWithoutKeys: [String]
    /// Certificates that have expired, are not valid yet, or expire soon.
    package var certificates: [CertificateState]
    /// What the built-in authorization server has taken back; nil: there is none.
    package var revocations: RevocationState?
    /// What became of mail to users; nil: none is sent.
    package var mail: MailCounts?
    /// Requests that waited for somebody to log in and were dropped since the start, because their sender, or all senders
    /// together, had too many.
    package var droppedRequests = 0
    /// Requests that the authorization server answered with 503 since the start because a record is damaged.
    package var damagedRecordAnswers = 0
    /// Applications that were not told of a log-out since the start, by this gateway, and will not be.
    package var undeliveredLogouts = 0
    /// Open connections of clients, of all listeners.
    package var connections: Int
    /// Connections that were refused since the start, because too many requests of their address had been.
    package var refusedConnections: Int
    /// TLS handshakes of clients that failed since the start, by reason; none for reasons that never occurred.
    package var failedHandshakes: [FailedHandshakes] = []
    /// Request fields that were not passed on because of other characters than letters, digits and `-` in their names, since the start.
    package var leftOutFields: Int
    /// Cookies of the authorization server's that services tried to set, since the start.
    package var leftOutCookies = 0
    /// Signatures that take long to check.
    package var signatures = SignatureChecks.Status()
    /// What this machine lacked for connections.
    package var resources = ResourceFaults.Status()
    /// The gateway is about to end: nothing new should be sent to it.
    package var draining: Bool

    /// Why somebody has to look; empty: nobody has to.
    package var reasons: [Reason] {
        var reasons: [Reason] = []
        func add(_ reason: Reason, if holds: Bool) { if holds { reasons.append(reason) } }
        add(.reloadFailed, if: reloadError != nil)
        add(.auditAlarm, if: auditAlarm != nil)
        add(.recordsDropped, if: auditState != "ok" && auditHealthy)
        add(.upstreamWithoutEndpoint, if: !upstreamsWithoutEndpoint.isEmpty)
        add(.issuerWithoutKeys, if: !issuersWithoutKeys.isEmpty)
        add(.issuerAlarm, if: issuers.contains { !$0.alarms.isEmpty })
        add(.introspectionAlarm, if: introspection.contains { !$0.alarms.isEmpty })
        add(.revocationsUnread, if: revocations?.failure != nil)
        add(.certificateNotValid, if: certificates.contains(where: \.isFailure))
        add(.certificateEnds, if: certificates.contains { !$0.isFailure })
        add(.resources, if: resources.alarm != nil)
        return reasons
    }

    /// A word for health. `docs/health.md` has them all.
    package enum Reason: String, Sendable, CaseIterable {
        case reloadFailed = "reload_failed"
        case auditAlarm = "audit_alarm"
        /// Requests are served without their records.
        case recordsDropped = "records_dropped"
        case upstreamWithoutEndpoint = "upstream_without_endpoint"
        case issuerWithoutKeys = "issuer_without_keys"
        case issuerAlarm = "issuer_alarm"
        case introspectionAlarm = "introspection_alarm"
        case revocationsUnread = "revocations_unread"
        case certificateNotValid = "certificate_not_valid"
        /// Within 7 days.
        case certificateEnds = "certificate_ends"
        case resources
    }

    /// Names of upstreams all of whose endpoints are ejected, or would be if not half of them were.
    private var upstreamsWithoutEndpoint: [String] {
        var usable: [String: Bool] = [:]
        for endpoint in endpoints {
            usable[endpoint.upstream, default: false] =
                usable[endpoint.upstream, default: false] || !(endpoint.ejected || endpoint.ejectionWithheld)
        }
        return usable.filter { !$0.value }.keys.sorted()
    }

    /// How many certificates are shown; more need the same remedy.
    private static let certificatesMax = 100

    package var isHealthy: Bool { auditHealthy && !draining }

    package var json: JSON {
        .object(
            JSONObject([
                ("status", .string(isHealthy ? (reasons.isEmpty ? "ok" : "degraded") : "unavailable")),
                ("reasons", .array(reasons.map { .string($0.rawValue) })),
                ("policy", .string(policyHash)),
                ("reloads", .integer(Int64(reloads))),
                ("reload_error", reloadError.map { .string($0) } ?? .null),
                ("insecure", .array(insecurities.map { .string($0) })),
                (
                    "audit",
                    .object(
                        JSONObject([
                            ("state", .string(auditState)), ("dropped", .integer(Int64(auditDropped))),
                            ("counted", .integer(Int64(auditCounted))),
                            ("alarms", .integer(Int64(auditAlarms))),
                            ("alarm", auditAlarm.map { .string($0) } ?? .null),
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
                                    ("ejection_withheld", .bool($0.ejectionWithheld)),
                                ]))
                        })
                ),
                ("issuers", .array(issuers.map(\.json))),
                ("introspection", .array(introspection.map(\.json))),
                ("issuers_without_keys", .array(issuersWithoutKeys.map { .string($0) })),
                ("certificates", .array(certificates.prefix(Self.certificatesMax).map(\.json))),
                ("revocations", revocations?.json ?? .null),
                ("mail", mail?.json ?? .null),
                ("dropped_requests", .integer(Int64(droppedRequests))),
                ("damaged_record_answers", .integer(Int64(damagedRecordAnswers))),
                ("undelivered_logouts", .integer(Int64(undeliveredLogouts))),
                ("connections", .integer(Int64(connections))),
                ("refused_connections", .integer(Int64(refusedConnections))),
                (
                    "failed_handshakes",
                    .object(JSONObject(failedHandshakes.map { ($0.reason, .integer(Int64($0.count))) }))
                ),
                ("left_out_fields", .integer(Int64(leftOutFields))),
                ("left_out_cookies", .integer(Int64(leftOutCookies))),
                (
                    "signature_checks",
                    .object(
                        JSONObject([
                            ("waiting", .integer(Int64(signatures.waiting))),
                            ("longest_wait_ms", .integer(Int64(signatures.longestWaitMilliseconds))),
                            ("checked", .integer(Int64(signatures.checked))),
                            ("refused", .integer(Int64(signatures.refused))),
                        ]))
                ),
                (
                    "resources",
                    .object(
                        JSONObject([
                            ("faults", .integer(Int64(resources.count))),
                            ("alarm", resources.alarm.map { .string($0.rawValue) } ?? .null),
                        ]))
                ),
                ("draining", .bool(draining)),
            ]))
    }
}
