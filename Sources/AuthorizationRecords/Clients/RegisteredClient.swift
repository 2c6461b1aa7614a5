package import JOSE
package import JSON

/// A client as it is stored (RFC 6749 §2, RFC 7591 §2). It holds no secret, only what one is recognised by.
package struct RegisteredClient: Sendable, Equatable {
    /// `A-Z a-z 0-9 - . _ ~`, 128 at most; or the address of its metadata (`ClientDocumentURL`).
    package var id: String
    /// For people.
    package var name: String
    /// The ways in which it may come by tokens.
    package var grants: Set<GrantType>
    /// The ways in which it may show who it is; `none` for a public client.
    package var authenticationMethods: Set<ClientAuthenticationMethod>
    /// All that it may be granted; also what it gets when it asks for nothing in particular.
    package var scopes: [String]
    /// Two may be active at a time, the newer first, so that one can be replaced. Empty: it cannot authenticate by
    /// secret.
    package var secrets: [StoredSecret]
    /// Seconds since 1970.
    package var createdAt: Int64

    /// Compared exactly (RFC 9700 §2.1), but for the port of loopback addresses (RFC 8252 §7.3).
    package var redirectURIs: [String] = []
    /// Its public keys (RFC 7591 §2 `jwks`): for private_key_jwt and self_signed_tls_client_auth.
    package var keySet: JSON?
    /// Where its public keys lie instead. https.
    package var keySetURL: String?
    /// What its certificate must say, for tls_client_auth.
    package var certificateName: ClientCertificateName?
    /// Its tokens are bound to a key that it proves (RFC 9449 §5.2 `dpop_bound_access_tokens`).
    package var bindsToKey = false
    /// Its tokens are bound to its certificate (RFC 8705 §3.4 `tls_client_certificate_bound_access_tokens`).
    package var bindsToCertificate = false
    /// RFC 9126 §6 `require_pushed_authorization_requests`.
    package var requiresPushedRequests = false
    /// What its ID tokens are signed by (OpenID Connect Registration §2 `id_token_signed_response_alg`); nil: as access
    /// tokens are.
    package var idTokenAlgorithm: Algorithm?
    /// Where it is told that a session has ended (OpenID Connect Back-Channel Logout 1.0 §2.2); https. nil: nowhere.
    package var backChannelLogoutURI: String?
    /// It wants to be told which session, by `sid`. It is in any case.
    package var wantsLogoutSession = false
    /// Its authorization requests carry a PKCE challenge (RFC 7636). Without, they carry a `nonce` (RFC 9700 §2.1.1).
    package var requiresProofKey = true
    /// `acr_values` of its requests have to be met (RFC 9470 §5); without, they are what it prefers (OpenID Connect Core
    /// §3.1.2.1).
    package var requiresACRValues = false
    /// What it asks for where its requests have no `acr_values` (OpenID Connect Registration §2 `default_acr_values`); empty:
    /// nothing.
    package var defaultACRValues: [String] = []
    /// What its users' log-ins have to reach, by an operator's word: nothing in a request or its registration lowers it. nil:
    /// any will do.
    package var leastLevel: AuthenticationLevel?
    /// Its assertions may be made for the token endpoint instead of the issuer (RFC 7523 §3).
    package var takesEndpointAudience = false
    /// Users are not asked whether they agree: it belongs to whoever runs the server.
    package var isFirstParty = false
    /// Anybody can have registered it, under whatever name: when it ends, in seconds since 1970. nil: an operator let it
    /// register, and it stays.
    package var openUntil: Int64?
    /// Its id is the address of its metadata (`ClientDocumentURL`): when that was read last, in seconds since 1970.
    package var documentReadAt: Int64?
    /// Resources that it may name (RFC 8707): what it may ask for tokens for; nil: all there are.
    package var resources: [String]?
    /// Resources that it serves: whose tokens, issued to others, it may introspect (RFC 7662) and exchange (RFC 8693).
    /// nil: those of `resources`, as one list said both before there were two.
    package var servedResources: [String]?
    /// Who alone may exchange its access tokens, or act in an exchange of them: `sub` of a client or user (RFC 8693 §4.4
    /// `may_act`). nil: whoever serves what they are for.
    package var mayAct: String?
    /// Everything else that was registered and is only shown or given back: `client_uri`, `logo_uri`, `contacts`, …
    package var metadata: JSONObject = [:]
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    package init(
        id: String, name: String, grants: Set<GrantType>, authenticationMethods: Set<ClientAuthenticationMethod>,
        scopes: [String],
        secrets: [StoredSecret], createdAt: Int64
    ) {
        self.id = id
        self.name = name
        self.grants = grants
        self.authenticationMethods = authenticationMethods
        self.scopes = scopes
        self.secrets = secrets
        self.createdAt = createdAt
    }

    /// Tokens for these, issued to others, are its business. A list has to name them: "all there are" is no permission
    /// to look into the tokens of all.
    package var audiencesServed: [String] { servedResources ?? resources ?? [] }

    /// It can come by an ID token (OpenID Connect Core §3.1.2.1): by a user's log-in, with `openid`. Without one, it is told
    /// of no log-out.
    package var getsIDTokens: Bool { grants.contains(.authorizationCode) && scopes.contains("openid") }

    /// Anybody can say that it is this one (RFC 6749 §2.1).
    package var isPublic: Bool { authenticationMethods == [.none] }
}

/// One of a client's secrets.
package struct StoredSecret: Sendable, Equatable {
    package var mac: SecretMAC
    /// Seconds since 1970.
    package var createdAt: Int64
    /// To the day or so; nil: never.
    package var lastUsedAt: Int64?

    package init(mac: SecretMAC, createdAt: Int64, lastUsedAt: Int64? = nil) {
        self.mac = mac
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// The one field of a client's certificate that must be equal to what was registered (RFC 8705 §2.1.2).
package enum ClientCertificateName: Sendable, Equatable {
    /// RFC 4514.
    case subject(String)
    /// A name of the subject alternative name, of this kind.
    case dns(String), uri(String), ip(String), email(String)

    /// The member of RFC 8705 §2.1.2.
    package var member: String {
        switch self {
        case .subject: "tls_client_auth_subject_dn"
        case .dns: "tls_client_auth_san_dns"
        case .uri: "tls_client_auth_san_uri"
        case .ip: "tls_client_auth_san_ip"
        case .email: "tls_client_auth_san_email"
        }
    }

    /// What the certificate must have.
    package var value: String {
        switch self {
        case .subject(let value), .dns(let value), .uri(let value), .ip(let value), .email(let value): value
        }
    }

    /// nil: there is no such member. The value is not checked here.
    package init?(member: String, value: String) {
        switch member {
        case "tls_client_auth_subject_dn": self = .subject(value)
        case "tls_client_auth_san_dns": self = .dns(value)
        case "tls_client_auth_san_uri": self = .uri(value)
        case "tls_client_auth_san_ip": self = .ip(value)
        case "tls_client_auth_san_email": self = .email(value)
        default: return nil
        }
    }
}

/// What a client may exchange for a token; the raw value is the `grant_type`. One table: what stands here works and is
/// in the metadata.
package enum GrantType: String, Sendable, CaseIterable {
    /// RFC 6749 §4.4.
    case clientCredentials = "client_credentials"
    /// RFC 6749 §4.1.
    case authorizationCode = "authorization_code"
    /// RFC 6749 §6.
    case refreshToken = "refresh_token"
    /// RFC 8628.
    case deviceCode = "urn:ietf:params:oauth:grant-type:device_code"
    /// RFC 7523 §2.1.
    case jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    /// RFC 8693.
    case tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
}

/// How a client shows who it is; the raw value is that of the OAuth Token Endpoint Authentication Methods registry
/// (RFC 7591 §4.2). One table: what stands here works and is in the metadata.
package enum ClientAuthenticationMethod: String, Sendable, CaseIterable {
    /// RFC 6749 §2.3.1, in the `Authorization` header.
    case clientSecretBasic = "client_secret_basic"
    /// RFC 6749 §2.3.1, in the body.
    case clientSecretPost = "client_secret_post"
    /// A signed assertion (RFC 7523 §2.2).
    case privateKeyJWT = "private_key_jwt"
    /// A certificate that an authority vouches for, with the registered name (RFC 8705 §2.1).
    case tlsClientAuth = "tls_client_auth"
    /// A certificate with a registered key (RFC 8705 §2.2).
    case selfSignedTLSClientAuth = "self_signed_tls_client_auth"
    /// A public client: it says who it is, and nothing vouches for that (RFC 7591 §2).
    case none
}
