/// Workloads that need no secret: a token of this issuer, if it says this, becomes a token of the built-in server for
/// that client (RFC 7523 §2.1).
package struct FederationTrust: Sendable, Equatable {
    /// What `routes.yaml` calls the issuer; never one that is embedded.
    package var issuer: String
    /// Id of the registered client for which the token is issued.
    package var client: String
    /// All must be true of the token; never empty, or every workload of the issuer would be the client.
    package var claims: [ClaimRule]
    /// A token that names itself (`jti`) is taken once.
    package var isSingleUse: Bool

    package init(issuer: String, client: String, claims: [ClaimRule], isSingleUse: Bool = true) {
        self.issuer = issuer
        self.client = client
        self.claims = claims
        self.isSingleUse = isSingleUse
    }
}
