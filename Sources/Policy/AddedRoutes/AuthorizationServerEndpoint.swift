package import HTTP

/// The endpoints of the authorization server, each declared once: its routes, its metadata (RFC 8414) and the table of
/// docs/authorization-server.md follow from what stands here. The raw value names the route.
package enum AuthorizationServerEndpoint: String, CaseIterable, Sendable {
    /// RFC 7591, RFC 7592.
    case register
    /// RFC 6749 §3.2.
    case token
    /// RFC 7662.
    case introspect
    /// RFC 7009.
    case revoke
    /// RFC 8628 §3.1.
    case deviceAuthorization = "device_authorization"
    /// RFC 8414 §2 `jwks_uri`.
    case jwks
    /// RFC 8414 §3.
    case metadata
    /// OpenID Connect Discovery §4.
    case openIDConfiguration = "openid_configuration"
    /// RFC 6749 §3.1, and where the browser comes back to from log-in and consent.
    case authorize
    /// RFC 9126.
    case par
    /// OpenID Connect Core §5.3.
    case userInfo = "userinfo"
    /// Where an OpenID provider sends users back to (OpenID Connect Core §3.1.2.5).
    case loginCallback = "login_callback"
    /// Pages for users. `device` is the verification URI of RFC 8628 §3.3.
    case login, consent, logout, device
    /// The image that these pages show.
    case logo
    /// What is shown besides the password; the factors of whoever is logged in.
    case loginFactor = "login_factor"
    case factors
    /// Pages about the user's own account; `accountLink` is where links lead that operators make or that are sent by mail.
    case account
    case accountPassword = "account_password"
    case accountLink = "account_link"
    case accountEmail = "account_email"
    case accountForgotten = "account_forgotten"
    case signUp = "sign_up"

    /// What is true of the endpoint whatever the settings.
    package var declaration: Declaration {
        switch self {
        case .register:
            Declaration(
                "/oauth2/register", ["GET", "POST", "PUT", "DELETE"], .document, "registration_endpoint", origins: .any)
        case .token:
            Declaration("/oauth2/token", ["POST"], .request, "token_endpoint", hosts: .issuerAndMTLS, origins: .any)
        // GET is there to be refused: with 401 first, like every request without credentials (RFC 7662 §2.1).
        case .introspect:
            Declaration(
                "/oauth2/introspect", ["GET", "POST"], .request, "introspection_endpoint", hosts: .issuerAndMTLS)
        case .revoke:
            Declaration(
                "/oauth2/revoke", ["POST"], .request, "revocation_endpoint", hosts: .issuerAndMTLS, origins: .any)
        case .deviceAuthorization:
            Declaration(
                "/oauth2/device_authorization", ["POST"], .request, "device_authorization_endpoint",
                hosts: .issuerAndMTLS, origins: .any)
        case .jwks: Declaration("/oauth2/jwks", ["GET", "HEAD"], .none, "jwks_uri", origins: .any, isLimited: false)
        case .metadata:
            Declaration(Self.metadataWellKnownPath, ["GET", "HEAD"], .none, origins: .any, isLimited: false)
        case .openIDConfiguration:
            Declaration(Self.openIDWellKnownPath, ["GET", "HEAD"], .none, origins: .any, isLimited: false)
        case .authorize: Declaration("/oauth2/authorize", ["GET", "POST"], .request, "authorization_endpoint")
        case .par:
            Declaration(
                "/oauth2/par", ["POST"], .request, "pushed_authorization_request_endpoint", hosts: .issuerAndMTLS,
                origins: .any)
        case .userInfo:
            Declaration(
                "/oauth2/userinfo", ["GET", "POST"], .request, "userinfo_endpoint", hosts: .issuerAndMTLS, origins: .any
            )
        case .loginCallback: Declaration("/oauth2/login/callback", ["GET"], .none)
        case .loginFactor: Declaration("/oauth2/login/factor", ["GET", "HEAD", "POST"], .pageForm)
        case .factors: Declaration("/oauth2/account/factors", ["GET", "HEAD", "POST"], .pageForm)
        case .login: Declaration("/oauth2/login", ["GET", "HEAD", "POST"], .pageForm)
        case .consent: Declaration("/oauth2/consent", ["GET", "HEAD", "POST"], .pageForm)
        // OpenID Connect RP-Initiated Logout §2.1.
        case .logout: Declaration("/oauth2/logout", ["GET", "HEAD", "POST"], .pageForm, "end_session_endpoint")
        case .device: Declaration("/oauth2/device", ["GET", "HEAD", "POST"], .pageForm)
        case .logo: Declaration("/oauth2/logo", ["GET", "HEAD"], .none, isLimited: false)
        case .account: Declaration("/oauth2/account", ["GET", "HEAD", "POST"], .pageForm)
        case .accountPassword: Declaration("/oauth2/account/password", ["GET", "HEAD", "POST"], .pageForm)
        case .accountLink: Declaration("/oauth2/account/link", ["GET", "HEAD", "POST"], .pageForm)
        case .accountEmail: Declaration("/oauth2/account/email", ["GET", "HEAD", "POST"], .pageForm)
        case .accountForgotten: Declaration("/oauth2/account/forgotten", ["GET", "HEAD", "POST"], .pageForm)
        case .signUp: Declaration("/oauth2/account/sign-up", ["GET", "HEAD", "POST"], .pageForm)
        }
    }

    static let metadataWellKnownPath = "/.well-known/oauth-authorization-server"
    static let openIDWellKnownPath = "/.well-known/openid-configuration"

    /// Its path, where the issuer's path does not belong to it.
    package var path: String { declaration.path }

    /// Whether the settings ask for it.
    package func exists(in settings: AuthorizationServerSettings) -> Bool {
        switch self {
        case .register: settings.registration != nil
        case .loginCallback: settings.logIn.provider != nil
        case .logo: settings.logIn.pages.brand.logo != nil
        case .loginFactor, .factors: settings.logIn.asksForFactors
        case .accountPassword: settings.logIn.passwords
        case .accountLink: settings.logIn.passwords || settings.mail != nil
        case .accountEmail: settings.mail != nil
        case .accountForgotten: settings.mail != nil && settings.logIn.passwords
        case .signUp: settings.mail != nil && settings.logIn.signUp != nil
        default: true
        }
    }

    /// Where it lies. The issuer's path belongs to the two documents: behind the well-known path (RFC 8414 §3.1), or in
    /// front of it (OpenID Connect Discovery §4.1).
    package func path(issuer: IssuerIdentifier) -> String {
        switch self {
        case .metadata: issuer.metadataPath
        case .openIDConfiguration: issuer.openIDMetadataPath
        default: path
        }
    }
}

extension AuthorizationServerEndpoint {
    /// What is declared of an endpoint.
    package struct Declaration: Sendable {
        /// Without the issuer's path.
        package let path: String
        /// In the order of `Allow`.
        package let methods: [String]
        package let body: Body
        /// Its member of the metadata (RFC 8414 §2); nil: it is not listed there.
        package let metadataMember: String?
        package let hosts: Hosts
        /// Whose scripts may read its answers.
        package let origins: Origins
        /// Whether the limits of `authorization_server.limits` apply.
        package let isLimited: Bool

        /// What browsers are told; nil: nothing. They ask by OPTIONS, which belongs to the route then.
        package var crossOrigin: CrossOriginRule? {
            guard origins == .any else { return nil }
            return CrossOriginRule(
                methods: methods, fields: ["Authorization", "Content-Type", "DPoP", "Accept"],
                // RFC 9449 §8.2: without it, no script could use a nonce.
                exposing: ["DPoP-Nonce", "WWW-Authenticate", "Retry-After"])
        }

        /// Of its route.
        package var routeMethods: [String] { methods + (origins == .any ? ["OPTIONS"] : []) }

        fileprivate init(
            _ path: String, _ methods: [String], _ body: Body, _ metadataMember: String? = nil,
            hosts: Hosts = .issuer, origins: Origins = .own, isLimited: Bool = true
        ) {
            self.path = path
            self.methods = methods
            self.body = body
            self.metadataMember = metadataMember
            self.hosts = hosts
            self.origins = origins
            self.isLimited = isLimited
        }
    }

    /// What a request carries, and how much of it.
    package enum Body: Sendable {
        case none
        /// A form of a few hundred octets; with assertions or request objects, a few thousand.
        case request
        /// Metadata of a client with a few keys; a hundred RSA keys would be more.
        case document
        /// A form of a page has some hundred octets.
        case pageForm

        /// Octets of a request's body at most.
        package var bytesMax: Int {
            switch self {
            case .none: 0
            case .request, .document: 65_536
            case .pageForm: 16_384
            }
        }
    }

    /// On which hosts it exists.
    package enum Hosts: Sendable {
        /// The issuer's.
        case issuer
        /// And that of `mtls_origin`: clients show a certificate there, or a token that is bound to one (RFC 8705 §5).
        case issuerAndMTLS
    }

    /// Of CORS.
    package enum Origins: Sendable {
        /// Scripts of this host only.
        case own
        /// Scripts of any origin: applications in browsers are clients, too (RFC 9700 §2.6). No cookie counts there.
        case any
    }
}
