import Policy

/// `timeouts`: one table of keys and ranges; defaults stand in `Timeouts`.
enum TimeoutSection {
    private static let short: ClosedRange<Duration> = .milliseconds(10) ... .seconds(600)
    private static let long: ClosedRange<Duration> = .milliseconds(10) ... .seconds(86_400)

    private static var keys: [(String, WritableKeyPath<Timeouts, Duration>, ClosedRange<Duration>)] {
        [
            ("tls_handshake", \.tlsHandshake, short),
            ("header_read", \.headerRead, short),
            ("body_stall", \.bodyStall, long),
            ("keep_alive_idle", \.keepAliveIdle, long),
            ("upstream_connect", \.upstreamConnect, short),
            ("upstream_first_byte", \.upstreamFirstByte, long),
            ("upstream_stall", \.upstreamStall, long),
            ("event_stream_idle", \.eventStreamIdle, long),
            ("upstream_idle", \.upstreamIdle, long),
            ("upstream_lifetime", \.upstreamLifetime, .seconds(1) ... .seconds(86_400)),
            ("tunnel_idle", \.tunnelIdle, long),
            ("drain", \.drain, .zero ... .seconds(86_400)),
        ]
    }

    static func read(_ root: MappingReader) -> Timeouts {
        var timeouts = Timeouts()
        guard let reader = root.nested("timeouts", name: "\"timeouts\"", expected: "keys such as {drain: 30s}") else {
            return timeouts
        }
        for (key, path, range) in keys {
            timeouts[keyPath: path] = reader.value(key, .duration(range), default: timeouts[keyPath: path])
        }
        timeouts.bodyRateMin = reader.value("body_rate_min", TransferText.rate, default: timeouts.bodyRateMin)
        timeouts.bodyTotal = reader.value("body_total", TransferText.total, default: timeouts.bodyTotal)
        timeouts.answerRateMin = reader.value("answer_rate_min", TransferText.rate, default: timeouts.answerRateMin)
        timeouts.answerTotal = reader.value("answer_total", TransferText.total, default: timeouts.answerTotal)
        timeouts.rateGrace = reader.value("rate_grace", TransferText.grace, default: timeouts.rateGrace)
        reader.finish(
            elsewhere: [
                "first_byte": "it is called upstream_first_byte here",
                "answer_stall": "it is called upstream_stall here",
                "first_byte_timeout": "it is called upstream_first_byte here",
            ])
        return timeouts
    }

    /// What cannot be set for one route, and what is called otherwise there.
    static var hintsForRoutes: [String: String] {
        var hints: [String: String] = [:]
        for (key, _, _) in keys { hints[key] = "it is set for all routes, in \"timeouts\" at the top" }
        for key in ["upstream_first_byte", "first_byte_timeout"] { hints[key] = "it is called first_byte here" }
        hints["upstream_stall"] = "it is called answer_stall here"
        return hints
    }
}

/// How slow clients may be in the long run: the same keys for all routes and for one.
private enum TransferText {
    /// Octets a second; 0B: there is none.
    static var rate: ValueKind<Int> { .size(0...1_073_741_824) }
    static var total: ValueKind<Duration?> { .durationOrUnlimited(.seconds(1) ... .seconds(604_800)) }
    static var grace: ValueKind<Duration> { .duration(.seconds(1) ... .seconds(3_600)) }
}

/// `timeouts` of a route: those that depend on what is asked for.
enum RouteTimeoutSection {
    private static let range: ClosedRange<Duration> = .milliseconds(10) ... .seconds(86_400)

    private static var keys: [(String, WritableKeyPath<RouteTimeouts, Duration?>)] {
        [
            ("first_byte", \.firstByte),
            ("answer_stall", \.answerStall),
            ("event_stream_idle", \.eventStreamIdle),
            ("tunnel_idle", \.tunnelIdle),
        ]
    }

    static func read(_ route: MappingReader) -> RouteTimeouts {
        var timeouts = RouteTimeouts()
        let names = keys.map(\.0)
        guard let reader = route.nested("timeouts", expected: "keys such as {\(names[0]): 10s}: \(Shown.choice(names))")
        else { return timeouts }
        for (key, path) in keys { timeouts[keyPath: path] = reader.value(key, .duration(range))?.value }
        timeouts.bodyRateMin = reader.value("body_rate_min", TransferText.rate)?.value
        // Not `?.value`, which would make "not written" into "unlimited".
        timeouts.bodyTotal = reader.value("body_total", TransferText.total).map { $0.value }
        timeouts.answerRateMin = reader.value("answer_rate_min", TransferText.rate)?.value
        timeouts.answerTotal = reader.value("answer_total", TransferText.total).map { $0.value }
        timeouts.rateGrace = reader.value("rate_grace", TransferText.grace)?.value
        reader.finish(elsewhere: TimeoutSection.hintsForRoutes)
        return timeouts
    }
}

/// `bounds`: sizes above which input is refused.
enum BoundSection {
    static func read(_ root: MappingReader) -> Bounds {
        var bounds = Bounds()
        guard let reader = root.nested("bounds", name: "\"bounds\"", expected: "keys such as {body_max: 10MiB}") else {
            return bounds
        }
        bounds.headBytesMax = reader.value("head_max", .size(1_024...262_144), default: bounds.headBytesMax)
        bounds.fieldsMax = reader.value("fields_max", .number(8...1_000), default: bounds.fieldsMax)
        bounds.bodyBytesMax = reader.value(
            "body_max", ValueKind<Int?>.sizeOrUnlimited(0...1_099_511_627_776), default: bounds.bodyBytesMax)
        bounds.bodyGatheredBytesMax = reader.value(
            "body_gathered_max", .size(0...1_048_576), default: bounds.bodyGatheredBytesMax)
        bounds.tokenCacheEntriesMax = reader.value(
            "token_cache_entries_max", .number(0...1_000_000), default: bounds.tokenCacheEntriesMax)
        bounds.limitKeysMax = reader.value("limit_keys_max", .number(1_000...10_000_000), default: bounds.limitKeysMax)
        bounds.badTokensPerMinuteMax = reader.value(
            "bad_tokens_per_minute_max", .number(0...1_000_000), default: bounds.badTokensPerMinuteMax)
        bounds.refusedPerMinuteMax = reader.value(
            "refused_per_minute_max", .number(0...10_000_000), default: bounds.refusedPerMinuteMax)
        bounds.upstreamRequestsMax = reader.value(
            "upstream_requests_max", .number(1...1_000_000_000), default: bounds.upstreamRequestsMax)
        bounds.dpopProofsMax = reader.value(
            "dpop_proofs_max", .number(1_000...10_000_000), default: bounds.dpopProofsMax)
        reader.finish()
        return bounds
    }
}
