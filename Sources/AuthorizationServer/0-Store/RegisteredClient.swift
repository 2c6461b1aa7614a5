/// A client as it is stored (RFC 6749 §2). It holds no secret, only what one is recognised by.
package struct RegisteredClient: Sendable, Equatable {
    /// `A-Z a-z 0-9 - . _ ~`, 128 at most.
    package var id: String
    /// For people.
    package var name: String
    package var grants: Set<GrantType>
    package var authenticationMethods: Set<ClientAuthenticationMethod>
    /// All that it may be granted; also what it gets when it asks for nothing in particular.
    package var scopes: [String]
    /// Of its secrets; two may be active at a time, so that one can be replaced. Empty: it cannot authenticate by secret.
    package var secrets: [SecretMAC]
    /// Seconds since 1970.
    package var createdAt: Int64

    package init(
        id: String, name: String, grants: Set<GrantType>, authenticationMethods: Set<ClientAuthenticationMethod>, scopes: [String],
        secrets: [SecretMAC], createdAt: Int64
    ) {
        self.id = id
        self.name = name
        self.grants = grants
        self.authenticationMethods = authenticationMethods
        self.scopes = scopes
        self.secrets = secrets
        self.createdAt = createdAt
    }
}

/// What a client may exchange for a token; the raw value is the `grant_type` of RFC 6749. One table: what stands here
/// works and is in the metadata.
package enum GrantType: String, Sendable, CaseIterable {
    /// RFC 6749 §4.4.
    case clientCredentials = "client_credentials"
}

/// How a client shows who it is; the raw value is that of the OAuth Token Endpoint Authentication Methods registry
/// (RFC 7591 §4.2). One table: what stands here works and is in the metadata.
package enum ClientAuthenticationMethod: String, Sendable, CaseIterable {
    /// RFC 6749 §2.3.1, in the `Authorization` header.
    case clientSecretBasic = "client_secret_basic"
    /// RFC 6749 §2.3.1, in the body.
    case clientSecretPost = "client_secret_post"
}
