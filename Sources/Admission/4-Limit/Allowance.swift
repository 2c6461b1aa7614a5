import HTTP
import Octets

/// What the limits of a route had to say about one request: reused by its owner, so that it allocates once.
package struct Allowance: Sendable {
    /// One limit after a request.
    package struct Line: Sendable {
        package let rule: LimitRule
        /// Requests that may still come at once.
        package let remaining: Int64
        package let resetSeconds: Int64
        /// 0: this limit allows.
        package let retrySeconds: Int64
    }
    /// In the order of the route's limits.
    package private(set) var lines: [Line] = []

    package init() {}

    /// The limit that a record names: one that refuses, else the one with the least left.
    package var tightest: Line? { tightestPlace.map { lines[$0] } }

    /// Its place in `lines`.
    package var tightestPlace: Int? {
        if lines.count < 2 { return lines.isEmpty ? nil : 0 }
        return lines.indices.min { a, b in Self.isTighter(lines[a], lines[b]) }
    }

    private static func isTighter(_ one: Line, _ other: Line) -> Bool {
        (one.retrySeconds == 0 ? 1 : 0, one.remaining, other.retrySeconds)
            < (other.retrySeconds == 0 ? 1 : 0, other.remaining, one.retrySeconds)
    }

    /// Forgets the last request; keeps the memory.
    package mutating func clear() {
        lines.removeAll(keepingCapacity: true)
    }

    mutating func add(_ rule: LimitRule, _ state: TokenBucket.State) {
        lines.append(
            Line(
                rule: rule, remaining: state.remaining, resetSeconds: state.resetSeconds,
                retrySeconds: state.retrySeconds))
    }

    /// Appends the value of `RateLimit`: `"per_client";r=49;t=1`, `t` being the seconds until the whole quota is
    /// there again (draft-ietf-httpapi-ratelimit-headers-10 §4); nothing when the route has no limits.
    package func appendRateLimit(to out: inout [UInt8]) {
        for (index, line) in lines.enumerated() {
            if index > 0 { ChallengeText.append(", ", to: &out) }
            out.append(contentsOf: line.rule.quotedName)
            ChallengeText.append(";r=", to: &out)
            Self.append(line.remaining, to: &out)
            ChallengeText.append(";t=", to: &out)
            Self.append(line.resetSeconds, to: &out)
        }
    }

    /// Appends the value of `RateLimit-Policy`: `"per_client";q=100;w=1` (§3 there).
    package func appendRateLimitPolicy(to out: inout [UInt8]) {
        for (index, line) in lines.enumerated() {
            if index > 0 { ChallengeText.append(", ", to: &out) }
            out.append(contentsOf: line.rule.policyItem)
        }
    }

    /// Structured fields hold fifteen digits (RFC 9651 §3.3.1).
    private static func append(_ number: Int64, to out: inout [UInt8]) {
        DecimalDigits.append(UInt64(min(max(number, 0), 999_999_999_999_999)), to: &out)
    }
}
