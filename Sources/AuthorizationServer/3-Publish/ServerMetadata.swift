internal import JSON
internal import Policy

/// Authorization server metadata (RFC 8414 §2): what stands here works, and what works stands here.
struct ServerMetadata: Sendable {
    let document: JSON
    /// Where it lies (RFC 8414 §3.1).
    let path: String

    /// Everything follows from the issuer, nothing from the request: a forged `Host` changes nothing.
    /// - Parameter grants: those that work.
    init(issuer: String, grants: [GrantType]) {
        path = AuthorizationServerRoutes.metadataPath(issuer: issuer) ?? AuthorizationServerRoutes.metadataWellKnownPath
        let origin = Self.origin(of: issuer)
        document = [
            "issuer": .string(issuer),
            "token_endpoint": .string(origin + AuthorizationServerRoutes.tokenPath),
            "jwks_uri": .string(origin + AuthorizationServerRoutes.jwksPath),
            // §2 demands the member, §3.2 forbids empty arrays; clients that lack it fail, so it stays until there is an
            // authorization endpoint.
            "response_types_supported": [],
            "grant_types_supported": .strings(grants.map(\.rawValue)),
            "token_endpoint_auth_methods_supported": .strings(ClientAuthenticationMethod.allCases.map(\.rawValue).filter { $0 != "none" }),
        ]
    }

    /// Scheme, host and port, as the issuer writes them.
    static func origin(of issuer: String) -> String {
        let scheme = "https://"
        guard issuer.hasPrefix(scheme) else { return issuer }
        return scheme + issuer.dropFirst(scheme.count).prefix { $0 != "/" }
    }
}
