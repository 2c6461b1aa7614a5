package import AuthorizationRecords
package import HTTP
import Policy

extension ServiceRequest {
    /// The value of a cookie (RFC 6265 §5.4); nil also when it is there more than once: then somebody else has set one
    /// of them.
    func cookie(_ name: String) -> String? {
        var found: String?
        // Octet by octet, as browsers and services read it: `;` with a combining mark behind it is one Character, and
        // not a semicolon.
        for pair in values("cookie").flatMap({ $0.utf8.split(separator: UInt8(ascii: ";")) }) {
            let trimmed = pair.drop { $0 == 0x20 || $0 == 0x09 }
            guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")), trimmed[..<equals].elementsEqual(name.utf8)
            else { continue }
            guard found == nil else { return nil }
            found = String(decoding: trimmed[equals...].dropFirst(), as: UTF8.self)
        }
        return found
    }
}

/// By what a browser is known before anybody has logged in: a random secret. What is under way in a browser is bound to
/// it, and so are forms (`FormToken`).
package struct BrowserCookie: Sendable, Equatable {
    static let name = AuthorizationServerCookie.browser.name
    /// For the cookie only: records have its digest.
    package let secret: String
    /// `Interaction.browserKey`.
    package var key: String { RandomText.browser.key(of: secret) }
    /// `Set-Cookie`.
    package var field: ServiceResponse.Field { PageCookie.field(Self.name, secret) }

    /// The one that the request carries; nil: none, or nothing that was made here.
    package init?(_ request: ServiceRequest) {
        guard let secret = request.cookie(Self.name), RandomText.browser.isWellFormed(secret) else { return nil }
        self.secret = secret
    }

    /// A new one; whoever makes it sends `field`.
    package init(_ random: Randomness) { secret = RandomText.browser.make(random) }
}

/// Cookies of the pages. `__Host-` (RFC 6265bis §4.1.3.2): only this host can set them, over TLS, for all of it.
/// Without `Max-Age`, they end with the browser; what they stand for ends by itself. Lax, because the first request of
/// a log-in comes from elsewhere.
enum PageCookie {
    private static let attributes = "; Path=/; Secure; HttpOnly; SameSite=Lax"

    static func field(_ name: String, _ value: String, maxAgeSeconds: Int64? = nil) -> ServiceResponse.Field {
        ("Set-Cookie", name + "=" + value + attributes + (maxAgeSeconds.map { "; Max-Age=\($0)" } ?? ""))
    }

    static func removal(_ name: String) -> ServiceResponse.Field { field(name, "", maxAgeSeconds: 0) }
}
