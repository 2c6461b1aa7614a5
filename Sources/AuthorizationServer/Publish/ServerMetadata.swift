import AuthorizationRecords
import JOSE
import JSON
import Policy
import Proof
import Texts

/// Authorization server metadata (RFC 8414 §2), which is the OpenID provider's too (OpenID Connect Discovery §3): what
/// stands here works, and what works stands here.
struct ServerMetadata: Sendable {
    /// By what clients can show by certificates.
    private let members: [CertificateTrust: JSONObject]
    private let profile: SecurityProfile
    private let idTokenAlgorithms: [Algorithm]
    private let certificates: @Sendable () -> CertificateTrust
    private let languages: @Sendable () -> Languages

    /// Everything follows from the issuer and the listeners, nothing from the request: a forged `Host` changes nothing.
    /// - Parameters:
    ///   - grants: those that work.
    ///   - certificates: what clients can show by certificates on the listeners that there are now.
    ///   - languages: those in which pages are shown now.
    init(
        settings: AuthorizationServerSettings, grants: [GrantType],
        certificates: @escaping @Sendable () -> CertificateTrust,
        languages: @escaping @Sendable () -> Languages
    ) {
        profile = settings.profile
        idTokenAlgorithms = settings.idTokenAlgorithms
        self.certificates = certificates
        self.languages = languages
        members = Dictionary(
            uniqueKeysWithValues: [.none, .held, .verified].map { ($0, Self.members(settings, grants, $0)) })
    }

    private static func members(
        _ settings: AuthorizationServerSettings, _ grants: [GrantType], _ certificates: CertificateTrust
    ) -> JSONObject {
        var document: JSONObject = ["issuer": .string(settings.issuer.text)]
        for (member, address) in addresses(settings, at: settings.issuer.origin, { _ in true }) {
            document[member] = address
        }
        for (name, value) in supported(grants, settings.profile).members { document[name] = value }
        for (name, value) in clientMembers(settings, grants, certificates).members { document[name] = value }
        // RFC 9396 §10
        if !settings.authorizationDetailsTypes.isEmpty {
            document["authorization_details_types_supported"] = .strings(settings.authorizationDetailsTypes)
        }
        let contexts = AuthenticationContexts(settings)
        // OpenID Connect Discovery §3: what applications can get, not what services read in access tokens.
        let more = settings.users.claims.filter { !$0.places.isDisjoint(with: [.idToken, .userInfo]) }.map(\.name)
        let claims = (document["claims_supported"]?.array ?? []).compactMap(\.string)
        document["claims_supported"] = .strings(ScopeText.distinct(claims + more))
        if !contexts.own.isEmpty { document["acr_values_supported"] = .strings(contexts.own) }
        return document
    }

    /// The endpoints that are listed, and where they lie.
    private static func addresses(
        _ settings: AuthorizationServerSettings, at origin: String,
        _ isMeant: (AuthorizationServerEndpoint.Declaration) -> Bool
    ) -> [(String, JSON)] {
        AuthorizationServerEndpoint.allCases.filter { $0.exists(in: settings) }.map(\.declaration).filter(isMeant)
            .compactMap { declaration in
                declaration.metadataMember.map { ($0, .string(origin + declaration.path)) }
            }
    }

    private static func supported(_ grants: [GrantType], _ profile: SecurityProfile) -> JSONObject {
        [
            "response_types_supported": ["code"],
            "response_modes_supported": .strings(AuthorizationRequest.ResponseMode.allCases.map(\.rawValue)),
            "code_challenge_methods_supported": [.string(ProofKey.method)],
            // RFC 9207 §3
            "authorization_response_iss_parameter_supported": true,
            // RFC 9101 §10.5; what `request_uri` refers to has to be pushed (RFC 9126 §5).
            "request_parameter_supported": true,
            "request_uri_parameter_supported": false,
            // OpenID Connect Discovery §3.
            "claims_parameter_supported": true,
            // OpenID Connect Back-Channel Logout 1.0 §2.1.
            "backchannel_logout_supported": true,
            "backchannel_logout_session_supported": true,
            "request_object_signing_alg_values_supported": .strings(
                profile.requestObjectAlgorithms.flatMap(\.names)),
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "scopes_supported": .strings(IdentityScope.all),
            "subject_types_supported": ["public"],
            "claims_supported": .strings(
                ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"]
                    + UserClaim.allCases.map(\.rawValue)),
            "grant_types_supported": .strings(grants.map(\.rawValue)),
        ]
    }

    /// How clients show who they are, and what tokens can be bound to.
    private static func clientMembers(
        _ settings: AuthorizationServerSettings, _ grants: [GrantType], _ certificates: CertificateTrust
    ) -> JSONObject {
        let profile = settings.profile
        // A public client can do nothing as long as there is nothing but client_credentials.
        let methods = profile.authenticationMethods.filter {
            ($0 != .none || grants.contains { $0 != .clientCredentials }) && $0.needs <= certificates
        }
        let algorithms = JSON.strings(profile.assertionAlgorithms.flatMap(\.names))
        var members: JSONObject = [
            // RFC 9449 §5.1
            "dpop_signing_alg_values_supported": .strings(profile.proofAlgorithms.flatMap(\.names))
        ]
        // RFC 8414 §2: the algorithms are there because private_key_jwt is. A public client may give back its tokens, but
        // ask about none.
        for (endpoint, methods) in [
            ("token", methods), ("revocation", methods), ("introspection", methods.filter { $0 != .none }),
        ] {
            members["\(endpoint)_endpoint_auth_methods_supported"] = .strings(methods.map(\.rawValue))
            members["\(endpoint)_endpoint_auth_signing_alg_values_supported"] = algorithms
        }
        // RFC 8705 §3.3
        if certificates != .none { members["tls_client_certificate_bound_access_tokens"] = true }
        // draft-ietf-oauth-client-id-metadata-document §5.
        if settings.registration?.open?.documents == true, profile.permits(.none) {
            members["client_id_metadata_document_supported"] = true
        }
        if profile.demandsPushedRequests { members["require_pushed_authorization_requests"] = true }
        // RFC 8705 §5: wherever a client authenticates, or shows a token that is bound to its certificate.
        if certificates != .none, let mtls = settings.mtlsOrigin {
            members["mtls_endpoint_aliases"] = .object(
                JSONObject(addresses(settings, at: mtls.origin) { $0.hosts == .issuerAndMTLS }))
        }
        return members
    }

    /// - Parameter keys: those that sign now, or will.
    func document(_ keys: SigningKeyRing, now: Int64) -> JSON {
        var document = members[certificates()] ?? [:]
        // RFC 8414 §2
        document["ui_locales_supported"] = .strings(languages().all.map(\.tag))
        // RFC 9701 §7: answers are signed with the key that signs now.
        document["introspection_signing_alg_values_supported"] = keys.current(now: now).map {
            .strings([$0.algorithm.rawValue])
        }
        // Keys of before the profile was chosen are published until their tokens have ended; others are made when a client
        // asks for them.
        let published = keys.algorithms(now: now).filter { name in profile.algorithms.contains { $0.isNamed(name) } }
        document["id_token_signing_alg_values_supported"] = .strings(
            Set(published + idTokenAlgorithms.map(\.rawValue)).sorted())
        return .object(document)
    }
}

extension ClientAuthenticationMethod {
    /// RFC 8705 §2
    fileprivate var needs: CertificateTrust {
        switch self {
        case .tlsClientAuth: .verified
        case .selfSignedTLSClientAuth: .held
        case .clientSecretBasic, .clientSecretPost, .privateKeyJWT, .none: .none
        }
    }
}
