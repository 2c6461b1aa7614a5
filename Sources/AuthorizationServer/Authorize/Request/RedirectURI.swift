import AuthorizationRecords
import Octets

/// Where the answer to an authorization request may go (RFC 6749 §3.1.2, RFC 9700 §2.1).
enum RedirectURI {
    /// The one of the request, or the client's only one. Of an application on somebody's machine the port of `localhost`
    /// is its choice of the moment, too: most of them write that name, and one document of many cannot name the port.
    static func chosen(asked: String?, of client: RegisteredClient) throws(OAuthError) -> String {
        let registered = client.redirectURIs
        guard let asked else {
            guard registered.count == 1, let only = registered.first, isAcceptable(only) else { throw .noRedirectURI }
            return only
        }
        let anyLocalhostPort = client.isPublic || client.documentReadAt != nil
        guard isAcceptable(asked),
            registered.contains(where: { matches(asked, registered: $0, anyLocalhostPort: anyLocalhostPort) })
        else { throw .unknownRedirectURI }
        return asked
    }

    /// Octet by octet; only the port of a loopback address is the application's choice of the moment (RFC 8252 §7.3).
    private static func matches(_ asked: String, registered: String, anyLocalhostPort: Bool) -> Bool {
        if asked.utf8.elementsEqual(registered.utf8) { return true }
        guard let asked = loopback(asked, orLocalhost: anyLocalhostPort),
            let registered = loopback(registered, orLocalhost: anyLocalhostPort)
        else { return false }
        return asked.host == registered.host && asked.rest.utf8.elementsEqual(registered.rest.utf8)
    }

    /// Whether codes may be sent there at all: over TLS, to this machine, or to an application by a scheme of its own
    /// (RFC 8252 §7, RFC 9700 §2.6). What is registered is checked when it is registered; this holds whoever wrote the
    /// record.
    static func isAcceptable(_ uri: String) -> Bool {
        guard uri.utf8.count <= 2_048,
            uri.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"#\\\"<>^`{|}".utf8.contains($0) }),
            let colon = uri.firstIndex(of: ":")
        else { return false }
        let scheme = uri[..<colon]
        let rest = uri[colon...].dropFirst()
        switch scheme {
        case "https": return rest.hasPrefix("//") && isPlainAuthority(rest.dropFirst(2))
        case "http": return isLoopback(uri)
        // A name that belongs to somebody, backwards: `com.example.app:/done` (RFC 8252 §7.1). So no javascript:,
        // data:, file:.
        default:
            return scheme.contains(".") && scheme.utf8.allSatisfy(isSchemeOctet)
                && scheme.utf8.first.map(isLetter) ?? false
        }
    }

    /// This machine's addresses, and `localhost`, whose port is compared (RFC 8252 §8.3).
    static func isLoopback(_ uri: String) -> Bool {
        guard loopback(uri) == nil else { return true }
        guard uri.hasPrefix("http://localhost") else { return false }
        return isPortAndPath(uri.dropFirst("http://localhost".count))
    }

    private static func loopback(_ uri: String, orLocalhost: Bool = false) -> (host: String, rest: Substring)? {
        for host in ["http://127.0.0.1", "http://[::1]"] + (orLocalhost ? ["http://localhost"] : [])
        where uri.hasPrefix(host) {
            let behind = uri.dropFirst(host.count)
            guard isPortAndPath(behind) else { return nil }
            return (host, behind.first == ":" ? behind.dropFirst().drop { $0.isASCII && $0.isNumber } : behind)
        }
        return nil
    }

    private static func isPortAndPath(_ text: Substring) -> Bool {
        guard let first = text.first else { return true }
        guard first == ":" else { return first == "/" || first == "?" }
        let port = text.dropFirst().prefix { $0 != "/" && $0 != "?" }
        return (1...5).contains(port.utf8.count) && port.utf8.allSatisfy { ASCII.isDigit($0) }
            && (UInt32(port).map { (1...65_535).contains($0) } ?? false)
    }

    private static func isPlainAuthority(_ text: Substring) -> Bool {
        let authority = text.prefix { $0 != "/" && $0 != "?" }
        return !authority.isEmpty && !authority.contains("@")
    }

    private static func isSchemeOctet(_ octet: UInt8) -> Bool {
        isLetter(octet) || ASCII.isDigit(octet) || "+-.".utf8.contains(octet)
    }

    private static func isLetter(_ octet: UInt8) -> Bool {
        ASCII.isLetter(octet)
    }
}

extension OAuthError {
    static let noRedirectURI = OAuthError(
        "invalid_request", "redirect_uri is missing, and the client has not exactly one",
        event: "redirect_uri_rejected")
    static let unknownRedirectURI = OAuthError(
        "invalid_request", "redirect_uri is none of the client's",
        event: "redirect_uri_rejected")
    /// Of the authorization endpoint only, where client ids are no secret: on a page for the user, never in a
    /// redirect.
    static let unknownClient = OAuthError("invalid_request", "the client is unknown", event: "unknown_client")

    static var redirectURI: [OAuthError] { [noRedirectURI, unknownRedirectURI, unknownClient] }
}
