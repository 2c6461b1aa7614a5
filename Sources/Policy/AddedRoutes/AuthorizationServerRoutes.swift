/// The routes that `authorization_server` brings with it. They stand behind the operator's routes, have line 0, are
/// public (the server authenticates its clients itself), and exist on the issuer's host only, whatever port.
package enum AuthorizationServerRoutes {
    /// `POST`: RFC 6749 §3.2.
    package static let tokenPath = "/oauth2/token"
    /// `GET`: RFC 8414 §2 `jwks_uri`.
    package static let jwksPath = "/oauth2/jwks"
    /// `GET`: RFC 8414 §3.
    package static let metadataWellKnownPath = "/.well-known/oauth-authorization-server"

    // Addresses of the endpoints that follow; each has its route in `routes(for:)` once it works.

    /// RFC 6749 §3.1, and where the browser comes back to from log-in and consent.
    package static let authorizationPath = "/oauth2/authorize"
    package static let loginPath = "/oauth2/login"
    /// `GET`: where an OpenID provider sends people back to (OpenID Connect Core §3.1.2.5).
    package static let loginCallbackPath = "/oauth2/login/callback"
    package static let consentPath = "/oauth2/consent"
    package static let logoutPath = "/oauth2/logout"
    /// RFC 9126.
    package static let pushedRequestPath = "/oauth2/par"
    /// RFC 7662.
    package static let introspectionPath = "/oauth2/introspect"
    /// RFC 7009.
    package static let revocationPath = "/oauth2/revoke"
    /// RFC 8628: for the device, and for the person.
    package static let deviceAuthorizationPath = "/oauth2/device_authorization"
    package static let devicePath = "/oauth2/device"
    /// OpenID Connect Core §5.3.
    package static let userInfoPath = "/oauth2/userinfo"
    /// RFC 7591; RFC 7592 below it.
    package static let registrationPath = "/oauth2/register"

    /// A token request is a form of a few hundred octets; assertions, which later come in it, of a few thousand.
    package static let tokenRequestBytesMax = 65_536

    /// Metadata of a client with a few keys; a hundred RSA keys would be more.
    package static let registrationBytesMax = 65_536
    /// A form of a page has some hundred octets.
    package static let pageFormBytesMax = 16_384

    /// Where the metadata lies: the well-known path, and behind it the issuer's path without its last slash
    /// (RFC 8414 §3.1). nil when the issuer is none.
    package static func metadataPath(issuer: String) -> String? {
        identifier(issuer).flatMap(metadataPath(of:))
    }

    /// OpenID Connect Discovery §4.1, where the well-known path stands behind the issuer's.
    package static let openIDWellKnownPath = "/.well-known/openid-configuration"

    /// Where the metadata lies for OpenID Connect: behind the issuer's path without its last slash (Discovery §4.1).
    /// nil when the issuer is none.
    package static func openIDMetadataPath(issuer: String) -> String? {
        metadataPath(issuer: issuer).map { $0.dropFirst(metadataWellKnownPath.count) + openIDWellKnownPath }
    }

    /// Scheme, host and port, as the issuer writes them.
    package static func origin(of issuer: String) -> String {
        let scheme = "https://"
        guard issuer.hasPrefix(scheme) else { return issuer }
        return scheme + issuer.dropFirst(scheme.count).prefix { $0 != "/" }
    }

    /// The host that serves the endpoints: of the issuer, lower case, without port. nil when the issuer is none.
    package static func host(issuer: String) -> String? { identifier(issuer)?.host }

    package static func metadataPath(of identifier: HTTPSIdentifier) -> String? {
        let path = identifier.path.hasSuffix("/") ? String(identifier.path.dropLast()) : identifier.path
        let pattern = metadataWellKnownPath + path
        guard let segments = try? PathPatternText.parse(pattern).segments else { return nil }
        let isPlain = segments.allSatisfy {
            if case .literal(let text) = $0 {
                !text.isEmpty && !text.contains(";") && !text.contains("%")
            } else {
                false
            }
        }
        return isPlain ? pattern : nil
    }

    static func routes(for settings: AuthorizationServerSettings) -> [Route] {
        guard let host = host(issuer: settings.issuer), let metadata = metadataPath(issuer: settings.issuer) else {
            return []
        }
        // RFC 8705 §5: where clients with certificates go, if that is another host. The same endpoints answer there.
        let hosts = [host] + [settings.mtlsOrigin.flatMap(Self.host)].compactMap { $0 }.filter { $0 != host }
        let registration =
            settings.registration == nil
            ? nil
            : route(
                "register", ["GET", "POST", "PUT", "DELETE"], host, registrationPath, limits: settings.limits,
                bodyBytesMax: registrationBytesMax)
        return [
            registration,
            route(
                "token", ["POST"], host, tokenPath, limits: settings.limits, bodyBytesMax: tokenRequestBytesMax,
                hosts: hosts),
            route(
                "introspect", ["GET", "POST"], host, introspectionPath, limits: settings.limits,
                bodyBytesMax: tokenRequestBytesMax, hosts: hosts),
            route(
                "revoke", ["POST"], host, revocationPath, limits: settings.limits, bodyBytesMax: tokenRequestBytesMax,
                hosts: hosts),
            route(
                "device_authorization", ["POST"], host, deviceAuthorizationPath, limits: settings.limits,
                bodyBytesMax: tokenRequestBytesMax, hosts: hosts),
            route("jwks", ["GET", "HEAD"], host, jwksPath),
            route("metadata", ["GET", "HEAD"], host, metadata),
            route(
                "openid_configuration", ["GET", "HEAD"], host, openIDMetadataPath(issuer: settings.issuer) ?? metadata),
            route(
                "authorize", ["GET", "POST"], host, authorizationPath, limits: settings.limits,
                bodyBytesMax: tokenRequestBytesMax),
            route(
                "par", ["POST"], host, pushedRequestPath, limits: settings.limits, bodyBytesMax: tokenRequestBytesMax,
                hosts: hosts),
            route(
                "userinfo", ["GET", "POST"], host, userInfoPath, limits: settings.limits,
                bodyBytesMax: tokenRequestBytesMax, hosts: hosts),
            settings.logIn.provider == nil
                ? nil : route("login_callback", ["GET"], host, loginCallbackPath, limits: settings.limits),
        ].compactMap { $0 } + pages(host, settings.limits)
    }

    /// For people; forms come by POST.
    private static func pages(_ host: String, _ limits: [Int]) -> [Route] {
        [("login", loginPath), ("consent", consentPath), ("logout", logoutPath), ("device", devicePath)].compactMap {
            route($0.0, ["GET", "HEAD", "POST"], host, $0.1, limits: limits, bodyBytesMax: pageFormBytesMax)
        }
    }

    private static func route(
        _ name: String, _ methods: [String], _ host: String, _ path: String, limits: [Int] = [], bodyBytesMax: Int = 0,
        hosts: [String]? = nil
    ) -> Route? {
        guard let pattern = try? PathPatternText.parse(path) else { return nil }
        return Route(
            id: "authorization_server.\(name)",
            match: RouteMatchRule(hosts: hosts ?? [host], methods: methods, path: pattern),
            require: nil,
            limits: limits, destination: .local(.authorizationServer), bodyBytesMax: bodyBytesMax)
    }

    private static func identifier(_ issuer: String) -> HTTPSIdentifier? {
        try? ValueKind<HTTPSIdentifier>.issuerIdentifier.parse(DocumentScalar(text: issuer, isPlain: false))
    }
}

extension Policy {
    /// This policy with the routes that its authorization server brings. Those that are there already are not added
    /// again; `PolicyReader` has called this for every policy that it returns.
    package func addingAuthorizationServerRoutes() -> Policy {
        guard let settings = authorizationServer else { return self }
        let present = Set(routes.map(\.id))
        var policy = self
        policy.routes += AuthorizationServerRoutes.routes(for: settings).filter { !present.contains($0.id) }
        return policy
    }
}
