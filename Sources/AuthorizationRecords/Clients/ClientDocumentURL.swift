package import HTTP

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
        guard !hasDots else { return nil }
        self.text = text
        self.url = url
    }
}
