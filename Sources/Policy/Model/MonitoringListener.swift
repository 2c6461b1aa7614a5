/// Where the gateway tells how it is (`serves` of a listener): plain HTTP, without a token and without records, and nothing
/// but that.
package struct MonitoringListener: Sendable, Equatable {
    /// What it tells.
    package enum Subject: String, Sendable, CaseIterable {
        /// `/livez`, `/readyz` and `/health`.
        case health
        /// `/metrics`.
        case metrics
    }
    /// IP address or host name as written, without brackets.
    package var host: String
    /// 0: a free one, which the log then names.
    package var port: Int
    /// At least one.
    package var serves: Set<Subject>

    /// Open connections at most: scrapers, probes, and somebody who looks.
    package static let connectionsMax = 32
    /// Of these, of one address: who holds them open keeps no others from asking.
    package static let connectionsPerAddressMax = 8
    /// Octets of a request's head.
    package static let headBytesMax = 4_096
    /// Fields of a request's head.
    package static let fieldsMax = 32

    package init(host: String, port: Int, serves: Set<Subject>) {
        self.host = host
        self.port = port
        self.serves = serves
    }

    /// Whether nobody reaches an address from the outside world: this machine, private networks (RFC 1918, RFC 4193, RFC
    /// 6598) and link-local ones. `0.0.0.0` and names may be anything.
    package static func isInternal(_ host: String) -> Bool {
        if Listener.isForThisMachine(host) { return true }
        let lower = host.lowercased()
        if lower.contains(":") {
            // fc00::/7 and fe80::/10
            return ["fc", "fd", "fe8", "fe9", "fea", "feb"].contains { lower.hasPrefix($0) }
                && lower.prefix { $0 != ":" }.count == 4
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts[2] != nil, parts[3] != nil else {
            return false
        }
        return first == 10 || (first == 172 && (16...31).contains(second)) || (first == 192 && second == 168)
            || (first == 169 && second == 254) || (first == 100 && (64...127).contains(second))
    }
}

extension MonitoringListener {
    /// For the summary of a policy.
    package var summary: String {
        let address = (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        let subjects = Subject.allCases.filter(serves.contains).map(\.rawValue).joined(separator: " and ")
        return "listener \(address), plain HTTP, serves \(subjects)"
    }
}
