import AuthorizationRecords
import JOSE
import JSON
import Policy
import Proof

/// Authorization server metadata (RFC 8414 §2), which is the OpenID provider's too (OpenID Connect Discovery §3): what
/// stands here works, and what works stands here.
struct ServerMetadata: Sendable {
    private let members: JSONObject
    /// Where it lies (RFC 8414 §3.1).
    let path: String
    /// The same for OpenID Connect (Discovery §4.1); nil where the issuer's path has no room for it.
    let openIDPath: String?

    /// Everything follows from the issuer, nothing from the request: a forged `Host` changes nothing.
    /// - Parameter grants: those that work.
    init(settings: AuthorizationServerSettings, grants: [GrantType]) {
        let issuer = settings.issuer
        path = AuthorizationServerRoutes.metadataPath(issuer: issuer) ?? AuthorizationServerRoutes.metadataWellKnownPath
        openIDPath = AuthorizationServerRoutes.openIDMetadataPath(issuer: issuer)
        let origin = AuthorizationServerRoutes.origin(of: issuer)
        var document: JSONObject = [
            "issuer": .string(issuer),
            "token_endpoint": .string(origin + AuthorizationServerRoutes.tokenPath),
            "jwks_uri": .string(origin + AuthorizationServerRoutes.jwksPath),
            "authorization_endpoint": .string(origin + AuthorizationServerRoutes.authorizationPath),
            "pushed_authorization_request_endpoint": .string(origin + AuthorizationServerRoutes.pushedRequestPath),
            "userinfo_endpoint": .string(origin + AuthorizationServerRoutes.userInfoPath),
            // OpenID Connect RP-Initiated Logout §2.1
            "end_session_endpoint": .string(origin + AuthorizationServerRoutes.logoutPath),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": [.string(ProofKey.method)],
            // RFC 9207 §3
            "authorization_response_iss_parameter_supported": true,
            // RFC 9101 §10.5; what `request_uri` refers to has to be pushed (RFC 9126 §5).
            "request_parameter_supported": true,
            "request_uri_parameter_supported": false,
            "request_object_signing_alg_values_supported": .strings(RequestObjects.algorithms.map(\.rawValue)),
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "scopes_supported": .strings(IdentityScope.all),
            "subject_types_supported": ["public"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "name",
                "preferred_username", "email",
            ],
            "revocation_endpoint": .string(origin + AuthorizationServerRoutes.revocationPath),
            "device_authorization_endpoint": .string(origin + AuthorizationServerRoutes.deviceAuthorizationPath),
            "introspection_endpoint": .string(origin + AuthorizationServerRoutes.introspectionPath),
            "grant_types_supported": .strings(grants.map(\.rawValue)),
        ]
        for (name, value) in Self.clientMembers(settings, grants, origin: origin).members { document[name] = value }
        members = document
    }

    /// How clients show who they are, and what tokens can be bound to.
    private static func clientMembers(_ settings: AuthorizationServerSettings, _ grants: [GrantType], origin: String)
        -> JSONObject
    {
        let profile = settings.profile
        // A public client can do nothing as long as there is nothing but client_credentials.
        let methods = profile.authenticationMethods.filter {
            $0 != .none || grants.contains { $0 != .clientCredentials }
        }
        var members: JSONObject = [
            "token_endpoint_auth_methods_supported": .strings(methods.map(\.rawValue)),
            // RFC 8414 §2: there because private_key_jwt is.
            "token_endpoint_auth_signing_alg_values_supported": .strings(profile.assertionAlgorithms.map(\.rawValue)),
            // RFC 9449 §5.1
            "dpop_signing_alg_values_supported": .strings(profile.proofAlgorithms.map(\.rawValue)),
            // RFC 8705 §3.3
            "tls_client_certificate_bound_access_tokens": true,
        ]
        if profile.demandsPushedRequests { members["require_pushed_authorization_requests"] = true }
        if settings.registration != nil {
            members["registration_endpoint"] = .string(origin + AuthorizationServerRoutes.registrationPath)
        }
        // RFC 8705 §5: wherever a client shows who it is, or a token that is bound to its certificate.
        if let mtls = settings.mtlsOrigin {
            members["mtls_endpoint_aliases"] = [
                "token_endpoint": .string(mtls + AuthorizationServerRoutes.tokenPath),
                "pushed_authorization_request_endpoint": .string(mtls + AuthorizationServerRoutes.pushedRequestPath),
                "userinfo_endpoint": .string(mtls + AuthorizationServerRoutes.userInfoPath),
                "revocation_endpoint": .string(mtls + AuthorizationServerRoutes.revocationPath),
                "introspection_endpoint": .string(mtls + AuthorizationServerRoutes.introspectionPath),
                "device_authorization_endpoint": .string(mtls + AuthorizationServerRoutes.deviceAuthorizationPath),
            ]
        }
        return members
    }

    /// - Parameter keys: those that sign now, or will.
    func document(_ keys: SigningKeyRing, now: Int64) -> JSON {
        var document = members
        // RFC 9701 §7.
        document["introspection_signing_alg_values_supported"] = .strings(keys.algorithms(now: now))
        document["id_token_signing_alg_values_supported"] = .strings(keys.algorithms(now: now))
        return .object(document)
    }
}
