import HTTP
import Octets

/// A host and a port, taken apart.
package struct HostAndPort: Hashable {
    /// A name or an IP address; IPv6 without brackets.
    package var host: String
    /// As a number; which ones are allowed is the reader's to say.
    package var port: Int

    var text: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension ValueKind where Value == HostAndPort {
    /// Where to listen: `0.0.0.0:8443`, `[::]:8443`, `localhost:8443`. Port 0: one that the kernel picks.
    package static var listenAddress: ValueKind {
        ValueKind("an address such as 0.0.0.0:8443") { scalar throws(ValueProblem) in
            let text = scalar.text
            if DecimalDigits.int(text) != nil || text.hasPrefix("*:") || text.hasPrefix(":") && !text.hasPrefix("::") {
                throw ValueProblem(
                    "\(Shown.value(text)) names no address; write 0.0.0.0:PORT for all of IPv4, [::]:PORT for all of IPv6"
                )
            }
            return try AuthorityText.parse(text, portMin: 0, example: "0.0.0.0:8443")
        }
    }
}

/// An upstream's endpoint as written.
package struct EndpointText: Hashable {
    package var isTLS: Bool
    /// Where to connect.
    package var address: HostAndPort
}

extension ValueKind where Value == EndpointText {
    /// `https://127.0.0.1:9443` or `http://…`: scheme, host and port, nothing behind them.
    package static var endpoint: ValueKind {
        ValueKind("an endpoint such as https://127.0.0.1:9443") { scalar throws(ValueProblem) in
            let text = scalar.text
            for (scheme, isTLS) in [("https://", true), ("http://", false)] where text.hasPrefix(scheme) {
                var rest = text.dropFirst(scheme.count)
                if rest.hasSuffix("/") { rest.removeLast() }
                if rest.contains(where: { "/?#@".contains($0) }) {
                    throw ValueProblem(
                        "\(Shown.value(text)): an endpoint is scheme, host and port only, without user, path or query")
                }
                return EndpointText(
                    isTLS: isTLS,
                    address: try AuthorityText.parse(String(rest), portMin: 1, example: "https://127.0.0.1:9443"))
            }
            throw ValueProblem("found \(Shown.value(text)), expected an endpoint such as https://127.0.0.1:9443")
        }
    }
}

/// `host:port` with a port that is always written.
package enum AuthorityText {
    /// - Parameters:
    /// - portMin: 0 where a free port may be asked for, otherwise 1.
    /// - example: for the message, such as `127.0.0.1:8443`.
    package static func parse(_ text: String, portMin: Int, example: String) throws(ValueProblem) -> HostAndPort {
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
            throw ValueProblem("\(Shown.value(text)) has no port; write it as in \(example)")
        }
        guard let port = DecimalDigits.int(text[text.index(after: colon)...]), (portMin...65_535).contains(port) else {
            throw ValueProblem("\(Shown.value(text)): the port must be a number from \(portMin) to 65535")
        }
        let host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = String(host.dropFirst().dropLast()).lowercased()
            guard IPAddressText.isIPv6(address) else {
                throw ValueProblem("\(Shown.value(host)) is not an IPv6 address")
            }
            return HostAndPort(host: address, port: port)
        }
        if host.contains(":") {
            throw ValueProblem("\(Shown.value(text)): an IPv6 address stands in brackets, as in [::1]:\(port)")
        }
        let name = host.lowercased()
        if let problem = HostName.problem(name) { throw ValueProblem(problem) }
        return HostAndPort(host: name, port: port)
    }
}

/// Host names and IPv4 addresses (RFC 1123 §2.1).
package enum HostName {
    /// nil: `name` (lower case) is a host name or an IPv4 address.
    package static func problem(_ name: String) -> String? {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if name.isEmpty { return "the host is empty" }
        if !name.utf8.allSatisfy({ $0 < 0x80 }) {
            return "\(Shown.value(name)) is not ASCII; write the name as it stands in DNS (xn--…)"
        }
        if name.hasSuffix(".") { return "\(Shown.value(name)): write the name without the dot at its end" }
        let isFine = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { byte in
                    (0x61...0x7A).contains(byte) || ASCII.isDigit(byte) || byte == 0x2D || byte == 0x5F
                }
        }
        guard isFine, name.utf8.count <= 253 else { return "\(Shown.value(name)) is not a host name" }
        // A last label of digits is an IPv4 address, or nothing (WHATWG URL "ends in a number").
        if let last = labels.last, last.utf8.allSatisfy({ ASCII.isDigit($0) }), !IPAddressText.isIPv4(name) {
            return "\(Shown.value(name)) is not an IPv4 address"
        }
        return nil
    }
}

/// IP addresses as texts, for telling them from host names. What is neither is a name.
package enum IPAddressText {
    /// Four decimal numbers up to 255 (RFC 3986 §3.2.2). Leading zeros are not looked at.
    package static func isIPv4(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { DecimalDigits.int($0).map { $0 <= 255 } ?? false }
    }

    /// RFC 4291 §2.2, without a zone.
    package static func isIPv6(_ text: some StringProtocol) -> Bool {
        let halves = text.components(around: "::")
        guard halves.count <= 2 else { return false }
        var groups = 0
        for (index, half) in halves.enumerated() where !half.isEmpty {
            let parts = half.split(separator: ":", omittingEmptySubsequences: false)
            for (place, part) in parts.enumerated() {
                if part.contains("."), index == halves.count - 1, place == parts.count - 1 {
                    guard isIPv4(part) else { return false }
                    groups += 2
                } else {
                    guard (1...4).contains(part.utf8.count),
                        part.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
                    else {
                        return false
                    }
                    groups += 1
                }
            }
        }
        return halves.count == 2 ? groups <= 7 : groups == 8
    }
}

extension StringProtocol {
    /// Split at a text of two characters. (`components(separatedBy:)` is Foundation's.)
    fileprivate func components(around separator: String) -> [String] {
        var parts = [""]
        var rest = self[...]
        while !rest.isEmpty {
            if rest.hasPrefix(separator) {
                parts.append("")
                rest = rest.dropFirst(separator.count)
            } else {
                parts[parts.count - 1].append(rest.removeFirst())
            }
        }
        return parts
    }
}

extension ValueKind where Value == String {
    /// A host that a route serves: a name, an IP address (IPv6 in brackets) or `*.example.com`. Lower-cased.
    package static var routeHost: ValueKind {
        ValueKind("a host name") { scalar throws(ValueProblem) in
            let host = scalar.text.lowercased()
            if host == "*" { throw ValueProblem("\"*\": leave \"hosts\" out to serve any host") }
            if host.hasPrefix("["), host.hasSuffix("]") {
                if IPAddressText.isIPv6(host.dropFirst().dropLast()) { return IPv6Address.canonicalHost(host) }
                throw ValueProblem("\(Shown.value(host)) is not an IPv6 address")
            }
            if host.contains(":") { throw ValueProblem("\(Shown.value(host)): a host is matched without its port") }
            let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
            if name.contains("*") {
                throw ValueProblem(
                    "\(Shown.value(host)): a star stands for whole labels at the left, as in \"*.example.com\"")
            }
            if let problem = HostName.problem(name) { throw ValueProblem(problem) }
            if host.hasPrefix("*."), IPAddressText.isIPv4(name) {
                throw ValueProblem("\(Shown.value(host)): an IP address has no labels below it")
            }
            return host
        }
    }
}
