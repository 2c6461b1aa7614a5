import Octets

/// An absolute `https` or `http` URL that is fetched (RFC 9110 §4.2), taken apart strictly.
///
/// Refused: user information, fragments, backslashes, octets outside printable ASCII, anything else than a plain host
/// and port; what two readers could understand differently is no URL here.
package struct AbsoluteURL: Sendable, Hashable, CustomStringConvertible {
    package let isHTTPS: Bool
    /// Lower case; a name or an IPv4 address, or an IPv6 address without its brackets.
    package let host: String
    /// 443 or 80 where none is written.
    package let port: Int
    /// Path and query as written; at least `/`.
    package let target: String

    /// Octets at most.
    package static let bytesMax = 2_048

    /// nil: it is longer than `bytesMax`, of another scheme, or one of those that are refused. Nothing but the case of
    /// the host is normalised.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax else { return nil }
        let secure = text.utf8.starts(with: "https://".utf8)
        guard secure || text.utf8.starts(with: "http://".utf8) else { return nil }
        let octets = text.utf8.dropFirst(secure ? 8 : 7)
        let isFine = octets.allSatisfy { octet in
            (0x21...0x7E).contains(octet) && !"\\#@\"<>^`{|}".utf8.contains(octet)
        }
        guard isFine else { return nil }
        let authority = octets.prefix { $0 != 0x2F && $0 != 0x3F }
        let rest = String(decoding: octets.dropFirst(authority.count), as: UTF8.self)
        guard let (host, port) = Self.authority(String(decoding: authority, as: UTF8.self).lowercased()) else {
            return nil
        }
        isHTTPS = secure
        self.host = host
        self.port = port ?? (secure ? 443 : 80)
        target = rest.isEmpty ? "/" : rest.utf8.first == 0x3F ? "/" + rest : rest
    }

    private static func authority(_ text: String) -> (String, Int?)? {
        if text.utf8.first == 0x5B {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let host = String(text[text.index(after: text.startIndex)..<end])
            guard host.utf8.contains(0x3A),
                host.utf8.allSatisfy({ Hex.isLowercaseDigit($0) || $0 == 0x3A || $0 == 0x2E })
            else {
                return nil
            }
            let rest = text[text.index(after: end)...]
            guard !rest.isEmpty else { return (host, nil) }
            guard rest.utf8.first == 0x3A, let port = port(rest.dropFirst()) else { return nil }
            return (host, port)
        }
        let parts = text.utf8.split(separator: 0x3A, omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2 else { return nil }
        let host = String(decoding: first, as: UTF8.self)
        guard isName(host) else { return nil }
        guard parts.count == 2 else { return (host, nil) }
        guard let port = port(String(decoding: parts[1], as: UTF8.self)) else { return nil }
        return (host, port)
    }

    private static func isName(_ host: String) -> Bool {
        guard (1...253).contains(host.utf8.count) else { return false }
        return host.utf8.split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy {
                    (0x61...0x7A).contains($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x5F
                }
        }
    }

    private static func port(_ text: some StringProtocol) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(ASCII.isDigit),
            let port = Int(text), (1...65_535).contains(port)
        else { return nil }
        return port
    }

    private var hostText: String { host.utf8.contains(0x3A) ? "[\(host)]" : host }

    /// Host and port as a `Host` field has them (RFC 9110 §7.2).
    package var authority: String { port == (isHTTPS ? 443 : 80) ? hostText : "\(hostText):\(port)" }

    /// Scheme, host and port.
    package var origin: String { (isHTTPS ? "https://" : "http://") + authority }

    package var description: String { origin + target }

    /// The same URL with another target.
    package init(_ other: AbsoluteURL, target: String) {
        isHTTPS = other.isHTTPS
        host = other.host
        port = other.port
        self.target = target
    }

    /// `localhost`, 127.0.0.0/8 or ::1: nothing leaves the machine.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0].elementsEqual("127".utf8)
            && parts.allSatisfy { part in (1...3).contains(part.count) && part.allSatisfy(ASCII.isDigit)
            }
    }
}
