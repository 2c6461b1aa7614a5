/// The cookies of the authorization server's pages. Browsers send them to everything on the issuer's host, whatever its
/// path or port, so the gateway takes them out of requests to services, and services cannot set them.
///
/// `__Host-` (RFC 6265bis §4.1.3.2): only this host can set them, over TLS, for all of it.
package enum AuthorizationServerCookie: String, CaseIterable, Sendable {
    /// Who is logged in.
    case session = "__Host-portcullis_session"
    /// By what a browser is known before anybody has logged in.
    case browser = "__Host-portcullis_browser"
    /// In which browser an account has logged in before.
    case known = "__Host-portcullis_known"

    /// As in `Set-Cookie`.
    package var name: String { rawValue }
}
