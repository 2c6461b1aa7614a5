import Octets
package import Policy

/// A rate limit, prepared: what the bucket's arithmetic and the answer's fields need.
package final class LimitRule: Sendable {
    /// As in `routes.yaml`; also in the answer's fields and in records.
    package let name: String
    let by: [RateLimit.Key]
    let bucket: TokenBucket
    /// Whoever changes a limit's numbers gets new buckets; whoever only reloads keeps the old ones.
    let identityKey: (UInt64, UInt64)
    /// `"name"` as an sf-string (RFC 9651 §3.3.3).
    let quotedName: [UInt8]
    /// `"name";q=100;w=1`
    let policyItem: [UInt8]

    /// Does all formatting that the request path would otherwise repeat.
    package init(_ limit: RateLimit) {
        name = limit.name
        by = limit.by
        bucket = TokenBucket(count: limit.count, period: limit.period, burst: limit.burst)
        identityKey = Digest256.leading(of: "\(limit.name) \(limit.count) \(limit.period) \(limit.burst) \(limit.by)")
        quotedName = Self.quoted(limit.name)
        let (seconds, attoseconds) = limit.period.components
        let window = max(seconds.saturatingAdd(attoseconds > 0 ? 1 : 0), 1)
        policyItem = quotedName + Array(";q=\(limit.count);w=\(window)".utf8)
    }

    private static func quoted(_ text: String) -> [UInt8] {
        var out: [UInt8] = [UInt8(ascii: "\"")]
        for octet in text.utf8 where (0x20...0x7E).contains(octet) {
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
            out.append(octet)
        }
        out.append(UInt8(ascii: "\""))
        return out
    }
}
