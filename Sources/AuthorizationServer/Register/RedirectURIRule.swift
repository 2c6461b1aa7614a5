import HTTP
import Octets

/// Which redirect URIs a client may register (RFC 7591 §5, RFC 8252 §7, RFC 9700 §2.6).
enum RedirectURIRule {
    static let octetsMax = 2_048
    /// Of one client.
    static let countMax = 20

    /// Why it may not be registered; nil: it may.
    static func objection(to uri: String) -> String? {
        guard (1...octetsMax).contains(uri.utf8.count),
            uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#""<>\^`{|}"#.utf8.contains($0) })
        else { return "has other characters than a URI, or more than \(octetsMax)" }
        guard !uri.utf8.contains(UInt8(ascii: "#")) else { return "has a fragment" }
        guard let colon = uri.firstIndex(of: ":") else { return "is not absolute" }
        let scheme = uri[..<colon].lowercased()
        let rest = uri[uri.index(after: colon)...]
        switch scheme {
        case "https": return authorityObjection(rest) { _ in true }
        case "http":
            return authorityObjection(rest, isLoopback).map { _ in
                "is http, but not to this machine (127.0.0.1, [::1], localhost)"
            }
        default:
            // RFC 8252 §7.1: a domain of the client's own in reverse, which `javascript:` and its like are not.
            let isScheme = scheme.utf8.first.map { (0x61...0x7A).contains($0) } ?? false
            let labels = scheme.split(separator: ".", omittingEmptySubsequences: false)
            let isReverseDomain =
                labels.count >= 2
                && labels.allSatisfy { label in
                    !label.isEmpty
                        && label.utf8.allSatisfy {
                            (0x61...0x7A).contains($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "-")
                        }
                }
            return isScheme && isReverseDomain && !rest.isEmpty
                ? nil : "has neither https nor a scheme that is a reversed domain (com.example.app:/…)"
        }
    }

    /// Hosts of this machine (RFC 8252 §7.3).
    static func isLoopback(_ host: String) -> Bool { ["127.0.0.1", "[::1]", "localhost"].contains(host) }

    /// `//HOST[:PORT]…`, without user information.
    private static func authorityObjection(_ rest: Substring, _ permits: (String) -> Bool) -> String? {
        guard rest.hasPrefix("//") else { return "has no host" }
        let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { return "has user information" }
        let literalEnd =
            authority.hasPrefix("[") ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : nil
        let hostEnd = literalEnd ?? authority.firstIndex(of: ":") ?? authority.endIndex
        let port = authority[hostEnd...]
        guard hostEnd > authority.startIndex, !authority.hasPrefix("[") || literalEnd != nil else {
            return "has no host"
        }
        guard
            port.isEmpty
                || port.hasPrefix(":") && (2...6).contains(port.utf8.count)
                    && port.dropFirst().allSatisfy(\.isASCIIDigit)
        else { return "has a port that is none" }
        return permits(authority[..<hostEnd].lowercased()) ? nil : "has a host that is not permitted"
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
