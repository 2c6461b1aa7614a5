package import JOSE

/// A profile of OAuth that the built-in server keeps to.
package enum SecurityProfile: String, Sendable, CaseIterable {
    /// OAuth 2.1 and the best current practice of RFC 9700.
    case standard
    /// FAPI 2.0 Security Profile: confidential clients without shared secrets, bound tokens, pushed requests.
    case fapi2

    /// What clients may sign assertions and proofs by, and the server tokens. FAPI 2.0 §5.4.1-1 has three.
    package var algorithms: [Algorithm] {
        switch self {
        case .standard: Algorithm.allCases
        case .fapi2: [.ps256, .es256, .edDSA]
        }
    }
}

/// The management interface.
package struct AdminSettings: Sendable, Equatable {
    /// It exists on every listener, not only on those of this machine.
    package var anyListener: Bool

    package init(anyListener: Bool = false) { self.anyListener = anyListener }
}

/// Registration of clients by request (RFC 7591).
package struct RegistrationSettings: Sendable, Equatable {
    /// Of the initial access token, which a registration shows (RFC 7591 §3); nil: there is none, and anybody may
    /// register clients.
    package var initialAccessToken: SecretSource?
    /// nil: nobody registers clients without that token.
    package var open: Open?
    /// All that a client registered in this way may be granted.
    package var scopes: [String]
    /// Hosts that `jwks_uri` of such clients may lead to; lower case. Empty: they register their keys themselves.
    package var jwksHosts: [String] = []
    /// Of `AuthorizationServerSettings.authorizationDetailsTypes`, those that such clients may register (RFC 9396 §10).
    package var authorizationDetailsTypes: [String] = []

    /// Octets of an initial access token at least: a token that is guessed makes clients.
    package static let tokenOctetsMin = 32

    package init(initialAccessToken: SecretSource?, scopes: [String]) {
        self.initialAccessToken = initialAccessToken
        self.scopes = scopes
    }

    /// Registration by anybody.
    package struct Open: Sendable, Equatable {
        /// How many such clients there are at most.
        package var clientsMax = 10_000
        /// How long a client stays that no user has agreed to.
        package var unusedLifetime: Duration = .seconds(86_400)
        /// Clients whose id is the address of their metadata
        /// (draft-ietf-oauth-client-id-metadata-document), which is fetched.
        package var documents = true

        package init() {}
    }
}
