package import HTTP
internal import JSON
package import Policy

/// The built-in OAuth2 authorization server (RFC 6749, OAuth 2.1 draft): request in, answer out.
///
/// It reads no clock, makes no random numbers and opens no file: time and randomness come in with each request, clients
/// through `AuthorizationStore`, signing keys when it is made. It keeps two things in memory, both bounded: clients that
/// authenticated a moment ago, and failures that slow down guessing.
package final class AuthorizationServer: Sendable {
    private let tokenEndpoint: TokenEndpoint
    private let keys: SigningKeyRing
    private let metadata: ServerMetadata

    /// - Parameter resources: what `resource` may name besides the default audience (RFC 8707 §2).
    package init(
        settings: AuthorizationServerSettings, resources: [String] = [], keys: SigningKeyRing, pepper: SecretPepper,
        store: any AuthorizationStore
    ) {
        self.keys = keys
        metadata = ServerMetadata(issuer: settings.issuer)
        tokenEndpoint = TokenEndpoint(
            authenticator: ClientAuthenticator(store: store, pepper: pepper, realm: settings.issuer),
            grant: ClientCredentialsGrant(
                issuer: settings.issuer, lifetimeSeconds: settings.accessTokenLifetime.components.seconds,
                audience: settings.audience, resources: Set(resources).union([settings.audience]), keys: keys))
    }

    /// Answers one request to one of the paths of `AuthorizationServerRoutes`. An answer to HEAD has the body of GET;
    /// whoever writes it leaves the body out.
    /// - Parameter now: seconds since 1970.
    package func answer(_ request: ServiceRequest, now: Int64, random: Randomness) async -> ServiceResponse {
        switch request.path {
        case AuthorizationServerRoutes.tokenPath:
            guard request.method == "POST" else { return .methodNotAllowed(allow: "POST") }
            return await tokenEndpoint.answer(request, now: now, random: random)
        case AuthorizationServerRoutes.jwksPath:
            guard ["GET", "HEAD"].contains(request.method) else { return .methodNotAllowed(allow: "GET, HEAD") }
            return .published(keys.publicSet(now: now))
        case metadata.path:
            guard ["GET", "HEAD"].contains(request.method) else { return .methodNotAllowed(allow: "GET, HEAD") }
            return .published(metadata.document)
        default:
            return .json(status: 404, ["error": "invalid_request", "error_description": "there is no such endpoint"])
        }
    }
}
