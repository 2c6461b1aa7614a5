import Admission
import Audit
import DataPlane
import HTTP
import Issuers
import Policy
import Transport

/// Gathers what the metrics say from everything that has a part in it, when somebody asks. Nothing of it is on the way of a
/// request: the event loops count into memory of their own (`RequestCounts`), and the rest is known anyway.
struct GatewayMetrics: Sendable {
    let current: CurrentPolicy
    let ledgers: Ledgers
    let listeners: Listeners
    let reloads: ReloadStatus
    /// nil: there is no built-in authorization server.
    let authorization: EmbeddedAuthorizationServer?
    let faults: ResourceFaults

    /// All of them.
    func text(_ format: MetricsText.Format) async -> [UInt8] {
        var text = MetricsText(format)
        let loops = await current.loopFigures()
        requests(loops.requests, &text)
        limits(loops, &text)
        connections(loops, &text)
        lag(loops, &text)
        audit(&text)
        policy(&text)
        tokens(loops, &text)
        issuers(&text)
        upstreams(loops, &text)
        server(&text)
        ProcessFigures.read().write(to: &text)
        text.end()
        return text.octets
    }

    // MARK: Requests

    private static let bounds = RequestCounts.bounds.map(seconds)
    private static func seconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000_000_000 }

    private func requests(_ counts: RequestCounts, _ text: inout MetricsText) {
        // Routes that nobody has asked for yet have no lines: a policy may have thousands.
        let routes = zip(ledgers.routeNames.all, counts.routes).filter { !$1.outcomes.isEmpty }
        text.family(
            "portcullis_requests", .counter,
            "Requests that have ended, by the route that they matched (empty: none), method, status (0: no answer) and the code of a refusal."
        )
        for (name, route) in routes { outcomes(of: route, name, &text) }
        typealias Part = KeyPath<RequestCounts.OfRoute, RequestCounts.Histogram>
        let histograms: [(String, Part, String)] = [
            ("portcullis_request_duration_seconds", \.whole, "From a request's head to the end of its answer."),
            (
                "portcullis_request_own_seconds", \.own,
                "From a request's head to the attempt to forward it: the gateway's own part. Where nothing was forwarded, to the end."
            ),
            (
                "portcullis_upstream_first_byte_seconds", \.firstByte,
                "From the attempt to forward a request to the head of the upstream's answer."
            ),
        ]
        for (family, part, help) in histograms {
            text.family(family, .histogram, help)
            for (name, route) in routes {
                let histogram = route[keyPath: part]
                guard histogram.counts.contains(where: { $0 > 0 }) else { continue }
                text.histogram(
                    [("route", name)], bounds: Self.bounds, counts: histogram.counts, sum: Self.seconds(histogram.sum))
            }
        }
        text.family("portcullis_request_body_bytes", .counter, "Octets of requests' bodies.")
        for (name, route) in routes { text.sample([("route", name)], route.bodyBytesIn) }
        text.family("portcullis_response_body_bytes", .counter, "Octets of answers' bodies.")
        for (name, route) in routes { text.sample([("route", name)], route.bodyBytesOut) }
        text.family("portcullis_requests_in_flight", .gauge, "Requests that have begun and not ended.")
        text.value(counts.inFlight)
    }

    private func outcomes(of route: RequestCounts.OfRoute, _ name: String, _ text: inout MetricsText) {
        for (outcome, count) in route.outcomes {
            let method = outcome.method.map { $0 == .other ? "other" : "\($0.token)" } ?? "other"
            let code = outcome.refusal.map { "\($0.facts.word)" } ?? (outcome.isAbandoned ? "abandoned" : "")
            text.sample(
                [
                    ("route", name), ("method", method), ("status", outcome.status.map { "\($0)" } ?? "other"),
                    ("code", code),
                ], count)
        }
    }

    // MARK: Everything else

    private func limits(_ loops: LoopFigures, _ text: inout MetricsText) {
        let names = ledgers.routeNames.all
        text.family("portcullis_rate_limited", .counter, "Requests that a limit refused, by route and limit.")
        for (name, count) in loops.limited.sorted(by: { ($0.key.route, $0.key.limit) < ($1.key.route, $1.key.limit) })
        where name.route < names.count {
            text.sample([("route", names[name.route]), ("limit", name.limit)], count)
        }
        text.family("portcullis_rate_limit_keys", .gauge, "Callers that limits remember.")
        text.value(ledgers.limits.count)
        text.family(
            "portcullis_rate_limit_keys_max", .gauge,
            "Callers that limits can remember; beyond, those are forgotten that were not seen for longest.")
        text.value(ledgers.limits.keysMax)
    }

    private func connections(_ loops: LoopFigures, _ text: inout MetricsText) {
        text.family("portcullis_connections", .gauge, "Open connections of clients.")
        text.value(listeners.openConnections)
        text.family(
            "portcullis_refused_connections", .counter,
            "Connections that were refused, because too many requests of their address had been.")
        text.value(ledgers.counters.refusedConnections)
        text.family("portcullis_tls_handshakes", .counter, "TLS handshakes of clients that succeeded, by version.")
        for (version, count) in loops.handshakes.sorted(by: { $0.key < $1.key }) {
            text.sample([("version", version)], count)
        }
        text.family("portcullis_tls_handshake_failures", .counter, "TLS handshakes of clients that failed, by reason.")
        for (reason, count) in ledgers.handshakes.counts { text.sample([("reason", reason.rawValue)], count) }
        text.family(
            "portcullis_resource_faults", .counter,
            "Connections that could not be made or accepted, because this machine lacks what they need.")
        text.value(faults.status(now: Clock.monotonicNanoseconds()).count)
        text.family(
            "portcullis_left_out_fields", .counter, "Request fields that were not passed on because of their names.")
        text.value(ledgers.counters.leftOutFields)
        text.family(
            "portcullis_left_out_cookies", .counter,
            "Cookies of the authorization server's that services tried to set.")
        text.value(ledgers.counters.leftOutCookies)
        let signatures = ledgers.signatures.status(now: Clock.monotonicNanoseconds())
        text.family("portcullis_signature_checks_waiting", .gauge, "Signatures that take long and wait to be checked.")
        text.value(signatures.waiting)
        text.family("portcullis_signature_checks", .counter, "Signatures that take long and were checked.")
        text.value(signatures.checked)
        text.family(
            "portcullis_signature_checks_refused", .counter,
            "Signatures that were not checked, because too many waited.")
        text.value(signatures.refused)
    }

    private func lag(_ loops: LoopFigures, _ text: inout MetricsText) {
        text.family(
            "portcullis_event_loop_lag_seconds", .histogram,
            "How late the event loops did what was due, noted every half second by each.")
        text.histogram(
            [], bounds: Self.bounds, counts: loops.lag.counts, sum: Self.seconds(loops.lag.sum))
    }

    private func audit(_ text: inout MetricsText) {
        let health = ledgers.audit.health
        text.family("portcullis_audit_records_written", .counter, "Audit records that the log has taken.")
        text.value(health.written)
        text.family("portcullis_audit_records_dropped", .counter, "Audit records that were not kept (drop_and_count).")
        text.value(health.dropped)
        text.family(
            "portcullis_audit_records_shared", .counter,
            "Refused requests that matched no route and share a record with others.")
        text.value(health.counted)
        text.family("portcullis_audit_queue_bytes", .gauge, "Octets of audit records that wait for the disk.")
        text.value(health.queuedBytes)
        text.family("portcullis_audit_failing", .gauge, "1 while the audit log takes nothing, else 0.")
        text.value(health.failure == nil ? 0 : 1)
        text.family(
            "portcullis_audit_alarms", .counter, "How often somebody has removed, replaced or cut the audit file.")
        text.value(health.alarms)
    }

    private func policy(_ text: inout MetricsText) {
        text.family("portcullis_build", .info, "The version of the program, and the commit if that is known.")
        text.sample([("version", Version.number), ("commit", Version.commit)], 1)
        text.family("portcullis_draining", .gauge, "1 once the gateway has begun to end, else 0.")
        text.value(ledgers.counters.isDraining ? 1 : 0)
        guard let inForce = current.inForce else { return }
        text.family("portcullis_policy", .info, "The hash of the policy in force, as in audit records.")
        text.sample([("policy", inForce.policy.hash)], 1)
        text.family("portcullis_reloads", .counter, "Reloads that took effect.")
        text.value(reloads.count)
        text.family("portcullis_reload_failed", .gauge, "1 while the newest policy file is not in force, else 0.")
        text.value(reloads.error == nil ? 0 : 1)
        text.family(
            "portcullis_certificate_not_after_timestamp_seconds", .gauge,
            "When the certificates of a file that the policy names end: the earliest of them, in seconds since 1970.")
        for (path, end) in inForce.certificates.ends { text.sample([("file", path)], Int(end)) }
    }

    private func server(_ text: inout MetricsText) {
        guard let authorization else { return }
        text.family(
            "portcullis_dropped_log_ins", .counter,
            "Requests that waited for somebody to log in and were dropped, because there were too many.")
        text.value(authorization.droppedRequests)
        text.family(
            "portcullis_damaged_record_answers", .counter,
            "Requests that the authorization server answered with 503 because a record is damaged.")
        text.value(authorization.damagedRecordAnswers)
        let logouts = authorization.logouts.status
        text.family("portcullis_logout_notices_delivered", .counter, "Applications that were told of a log-out.")
        text.value(logouts.delivered)
        text.family(
            "portcullis_logout_notices_undelivered", .counter,
            "Applications that were not told of a log-out, and will not be.")
        text.value(logouts.undelivered)
        guard let mail = authorization.mail?.counts else { return }
        text.family("portcullis_mails", .counter, "Mails to users, by what became of them.")
        for (result, count) in [("sent", mail.sent), ("failed", mail.failed), ("dropped", mail.dropped)] {
            text.sample([("result", result)], count)
        }
    }
}
