import Crypto
import HTTP
import JOSE
import Octets

/// Whether a form was sent by one of our own pages, in the browser that got the page (cross-site request forgery).
///
/// Two independent reasons: what browsers say about where a request comes from (Fetch Metadata, `Origin`), and a token
/// in the form that follows from the secret in the browser's cookie, which no other site can read or set.
struct FormGuard: Sendable {
    /// Scheme, host and port of the issuer, as browsers write an origin (RFC 6454 §6.2).
    let origin: String

    /// - Parameter purpose: page and interaction that the token was made for.
    func accepts(_ request: ServiceRequest, token: String?, browser: BrowserCookie, purpose: String) -> Bool {
        guard comesFromHere(request), let token, let octets = Base64URL.decode(token) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            octets, authenticating: Self.message(purpose), using: Self.key(browser))
    }

    static func token(_ browser: BrowserCookie, purpose: String) -> String {
        Base64URL.encode(Array(HMAC<SHA256>.authenticationCode(for: message(purpose), using: key(browser))))
    }

    /// Browsers without these fields are left to the token.
    private func comesFromHere(_ request: ServiceRequest) -> Bool {
        request.values("sec-fetch-site").allSatisfy { $0 == "same-origin" }
            && request.values("origin").allSatisfy { $0 == origin }
    }

    private static func key(_ browser: BrowserCookie) -> SymmetricKey { SymmetricKey(data: Array(browser.secret.utf8)) }
    private static func message(_ purpose: String) -> [UInt8] { Array("portcullis form\n".utf8) + Array(purpose.utf8) }
}
