/// How users show the built-in authorization server who they are.
package struct LogInSettings: Sendable, Equatable {
    /// By name and password of an account here. False only with a provider.
    package var passwords = true
    /// At an OpenID provider; nil: nowhere else.
    package var provider: LogInProvider?
    /// How pages are shown.
    package var pages = PageSettings()
    /// What is asked for besides the password.
    package var secondFactor = SecondFactorSettings()
    /// Whoever reads mail of these domains may make an account; nil: nobody may.
    package var signUp: SignUpSettings?
    /// How long links count that set a password.
    package var links = AccountLinkLifetimes()

    package init() {}
}

/// Who may make an account without being invited.
package struct SignUpSettings: Sendable, Equatable {
    /// Lower case, of e-mail addresses; empty: any.
    package var domains: [String]

    package init(domains: [String]) { self.domains = domains }
}

/// How long links count that set a password; each serves once.
package struct AccountLinkLifetimes: Sendable, Equatable {
    /// Of an account that has none yet.
    package var invitation = Duration.seconds(86_400)
    /// Of an account whose password is forgotten, or an address that has to be shown to be the user's.
    package var reset = Duration.seconds(3_600)

    package init() {}
}

/// An OpenID provider at which users log in, as the authorization server is its client (OpenID Connect Core §3.1).
package struct LogInProvider: Sendable, Equatable {
    /// What `routes.yaml` calls its issuer: with metadata and keys that are fetched, never one that is embedded.
    package var issuer: String
    /// What users know it by: on the button, and where something fails.
    package var label: String
    /// What the provider calls this server.
    package var clientID: String
    /// How this server shows the provider who it is.
    package var authentication: Introspection.ClientAuthentication
    /// Of `tls_client_auth`; nil: that of the issuer's entry.
    package var certificate: CertificateFiles?
    /// What is asked for, `openid` among it.
    package var scopes = Self.standardScopes
    /// All must be true of the ID token; empty: whoever the provider knows may log in.
    package var claims: [ClaimRule] = []
    /// Who comes for the first time gets an account; false: nobody does.
    package var signsUp = true

    /// Enough for a name and an address to show; the other claims of the provider are not needed.
    package static let standardScopes = ["openid", "profile", "email"]

    package init(issuer: String, label: String, clientID: String, authentication: Introspection.ClientAuthentication) {
        self.issuer = issuer
        self.label = label
        self.clientID = clientID
        self.authentication = authentication
    }
}
