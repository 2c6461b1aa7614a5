import HTTP
import Octets

/// `htu` of a proof: the URL that its maker meant to call, without query and fragment (RFC 9449 §4.2).
///
/// Both sides of the comparison are normalised (RFC 3986 §6.2.2, §6.2.3).
struct ProofTarget {
    private let isTLS: Bool
    /// Lower-case, without trailing dot.
    private let host: [UInt8]
    private let port: Int
    private let path: [UInt8]

    /// nil: not an absolute http or https URL that a request could have.
    init?(_ text: String) {
        var rest = Array(text.utf8)[...]
        if Self.consume("https://", from: &rest) {
            isTLS = true
        } else if Self.consume("http://", from: &rest) {
            isTLS = false
        } else {
            return nil
        }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
        rest = rest.dropFirst(authority.count)
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        self.host = host
        self.port = port ?? Self.defaultPort(isTLS)
        let raw = Array(rest.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        guard let path = try? PathNormaliser.normalised(raw).path else { return nil }
        self.path = path
    }

    func isTarget(of request: ProvedRequest) -> Bool {
        isTLS == request.isTLS && port == request.port && host == request.host && path == request.path
    }

    static func defaultPort(_ isTLS: Bool) -> Int { isTLS ? 443 : 80 }

    /// - Parameter prefix: lower-case.
    private static func consume(_ prefix: StaticString, from rest: inout ArraySlice<UInt8>) -> Bool {
        let count = prefix.utf8CodeUnitCount
        let same = prefix.withUTF8Buffer { prefix in
            rest.prefix(count).lazy.map(ASCII.lowercased).elementsEqual(prefix)
        }
        if same { rest = rest.dropFirst(count) }
        return same
    }

    /// No user information; nothing that a `Host` could not be, since it is compared with one.
    private static func hostAndPort(_ authority: ArraySlice<UInt8>) -> (host: [UInt8], port: Int?)? {
        let isLiteral = authority.first == UInt8(ascii: "[")
        let end =
            isLiteral
            ? authority.firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } : authority.firstIndex(of: UInt8(ascii: ":"))
        if isLiteral, end == nil { return nil }
        var host = authority[..<(end ?? authority.endIndex)].map(ASCII.lowercased)
        if host.count > 1, host.last == UInt8(ascii: ".") { host.removeLast() }
        guard !host.isEmpty else { return nil }
        let rest = authority[(end ?? authority.endIndex)...]
        guard !rest.isEmpty else { return (host, nil) }
        let digits = rest.dropFirst()
        guard rest.first == UInt8(ascii: ":"), digits.count <= 5, digits.allSatisfy(ASCII.isDigit)
        else {
            return nil
        }
        guard !digits.isEmpty else { return (host, nil) }
        return (host, digits.reduce(0) { $0 * 10 + Int($1 & 0x0F) })
    }
}
