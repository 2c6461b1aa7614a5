package import HTTP
package import JOSE
package import JSON

/// The OpenID provider at which users log in, as the gateway knows and reaches it: the port behind which discovery,
/// keys and HTTP lie.
///
/// It must bound how long each call takes and how much it reads, follow no redirect, and go to no host that no operator
/// has named.
package protocol IdentityProvider: Sendable {
    /// As its metadata says now; nil: that cannot be had.
    func facts() async -> ProviderFacts?
    /// Its keys, with the one of this name if it has it; nil: nobody knows.
    func keys(for kid: String?) async -> JWKSet?
    /// Asks its token endpoint, and shows it who asks (OpenID Connect Core §3.1.3.1); nil: no answer can be had.
    func redeem(_ code: ProviderCode) async -> OutgoingAnswer?
    /// Asks its userinfo endpoint (§5.3.1); nil: there is none, or no answer.
    func userInfo(_ accessToken: String) async -> OutgoingAnswer?
    /// Whether what an ID token says is what the operator asks of users.
    func admits(_ claims: JSONObject) -> Bool
}

/// What is known of a provider.
package struct ProviderFacts: Sendable, Equatable {
    /// Its issuer identifier.
    package var issuer: String
    /// Where browsers are sent, perhaps with a query of its own.
    package var authorizationEndpoint: String
    /// It always says who answers (RFC 9207 §3).
    package var sendsIssuer: Bool
    /// What it may sign by.
    package var algorithms: [Algorithm]
    package var clockSkewSeconds: Int64

    package init(
        issuer: String, authorizationEndpoint: String, sendsIssuer: Bool, algorithms: [Algorithm],
        clockSkewSeconds: Int64
    ) {
        self.issuer = issuer
        self.authorizationEndpoint = authorizationEndpoint
        self.sendsIssuer = sendsIssuer
        self.algorithms = algorithms
        self.clockSkewSeconds = clockSkewSeconds
    }
}

/// A code of the provider's, to be redeemed.
package struct ProviderCode: Sendable, Equatable {
    /// As the browser brought it.
    package var code: String
    /// `code_verifier` of the challenge that the browser was sent with (RFC 7636 §4.1).
    package var verifier: String
    /// The same as in the authorization request (RFC 6749 §4.1.3).
    package var redirectURI: String

    package init(code: String, verifier: String, redirectURI: String) {
        self.code = code
        self.verifier = verifier
        self.redirectURI = redirectURI
    }
}

extension OutgoingAnswer {
    private static let limits = JSONLimits(bytesMax: 131_072, depthMax: 16, membersMax: 2_048)

    /// Of an answer of the provider that is a JSON object; nil: it is not.
    var members: JSONObject? {
        guard isOf(types: ["application/json"]) else { return nil }
        return (try? JSON.parse(body, limits: Self.limits))?.object
    }
}
