package import HTTP
import Octets

/// A client id that is the address of the client's metadata (draft-ietf-oauth-client-id-metadata-document §3): https, with
/// a path, without fragment, user information or dot segments. Nothing is fetched here.
package struct ClientDocumentURL: Sendable, Hashable {
    /// As it was sent: client ids are compared octet by octet.
    package let text: String
    package let url: AbsoluteURL

    /// Octets at most: they stand in tokens, records and header fields.
    package static let octetsMax = 512

    /// nil: it is none.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.octetsMax, let url = AbsoluteURL(text), url.isHTTPS, url.target != "/",
            !url.target.utf8.starts(with: "/?".utf8)
        else { return nil }
        let path = url.target.utf8.prefix { $0 != UInt8(ascii: "?") }
        let dots: [[UInt8]] = [Array(".".utf8), Array("..".utf8)]
        let hasDots = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).contains { segment in
            dots.contains(Array(segment)) || segment.contains(UInt8(ascii: "%"))
        }
        guard !hasDots, !Self.isNumber(url.host) else { return nil }
        self.text = text
        self.url = url
    }

    /// Host and port, as users see where something stands.
    package var shownHost: String { url.port == 443 ? url.host : "\(url.host):\(url.port)" }

    /// Another way to write an IPv4 address than four numbers, as in 0x7f000001 or 127.1 (WHATWG URL §3.5): what resolves it
    /// may be a proxy, whose reading nobody here checks.
    private static func isNumber(_ host: String) -> Bool {
        guard !host.contains(":") else { return false }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last else { return false }
        let isNumeric = last.utf8.allSatisfy(ASCII.isDigit) || last.hasPrefix("0x")
        let isDottedQuad =
            labels.count == 4 && labels.allSatisfy { UInt8($0) != nil && ($0 == "0" || !$0.hasPrefix("0")) }
        return isNumeric && !isDottedQuad
    }
}
