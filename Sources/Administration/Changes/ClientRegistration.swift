package import AuthorizationRecords
package import AuthorizationServer
package import JSON

extension AuthorizationStore {
    /// Registers a client with any metadata (RFC 7591 §2); the secret, if it authenticates by one, exists nowhere else.
    /// - Parameters:
    ///   - id: nil: one is made.
    ///   - rules: throws `ClientMetadataError`. Without `token_endpoint_auth_method` both ways of showing a secret
    ///   count.
    ///   - known: a secret that it has already; nil: one is made, if it needs one.
    ///   - change: what is not the client's own to say.
    package func addClient(
        id: String? = nil, metadata: JSONObject, rules: ClientMetadata, pepper: SecretPepper,
        secret known: String? = nil,
        now: Int64, random: Randomness,
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws -> (client: RegisteredClient, secret: ClientSecret?) {
        let id = id ?? RandomText.clientID.make(random)
        guard ClientID.isValid(id) else { throw RegistrationError.badID }
        // In a token of its own the client's id is `sub`, which must not be a user's, now or later (RFC 9068 §5).
        guard !RandomText.userID.isWellFormed(id) else { throw RegistrationError.userID }
        var client = try rules.client(metadata, id: id, now: now)
        if metadata["token_endpoint_auth_method"] == nil {
            client.authenticationMethods = [.clientSecretBasic, .clientSecretPost]
        }
        guard !client.scopes.isEmpty || !client.grants.contains(.clientCredentials) else {
            throw RegistrationError.noScope
        }
        change(&client)
        var secret: ClientSecret?
        if client.usesSecret {
            let made = known.map(ClientSecret.init(text:)) ?? ClientSecret.generate(random)
            client.secrets = [StoredSecret(mac: pepper.mac(of: made.text, clientID: id), createdAt: now)]
            secret = made
        }
        guard try await insert(client, now: now) else { throw RegistrationError.idTaken(id) }
        return (client, secret)
    }
}

/// Why a client cannot be registered.
package enum RegistrationError: Error, Equatable, Sendable, CustomStringConvertible {
    case badID, noScope
    /// An id as only users have.
    case userID
    /// There is a client of this id.
    case idTaken(String)

    package var description: String {
        switch self {
        case .badID: "a client id has 1 to 128 of the characters A-Z a-z 0-9 - . _ ~"
        case .userID: "this could be the sub of a user, which no client may have; choose another id"
        case .noScope: "a client needs at least one scope; without any it could do nothing"
        case .idTaken(let id): "there is a client \"\(id)\" already; remove it first, or choose another id"
        }
    }
}
