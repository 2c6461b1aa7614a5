/// What `portcullis client secret add|remove` does: two secrets of a client count at a time, so that one can be replaced while both
/// work.
extension AuthorizationStore {
    /// A further secret for a client, the newer from now on. It is shown once.
    package func addSecret(toClient id: String, pepper: SecretPepper, now: Int64, random: Randomness) async throws -> ClientSecret {
        guard var client = try await client(id: id) else { throw SecretRotationError.noClient(id) }
        guard client.usesSecret else { throw SecretRotationError.usesNoSecret(id) }
        guard client.secrets.count < 2 else { throw SecretRotationError.twoSecrets(id) }
        let secret = ClientSecret.generate(random)
        client.secrets.insert(StoredSecret(mac: pepper.mac(of: secret.text, clientID: id), createdAt: now), at: 0)
        guard try await replace(client, now: now) else { throw SecretRotationError.changedMeanwhile(id) }
        return secret
    }

    /// Takes one of two secrets away.
    /// - Parameter newer: the newer one, where that was given away by mistake; otherwise the older.
    package func removeSecret(ofClient id: String, newer: Bool, now: Int64) async throws {
        guard var client = try await client(id: id) else { throw SecretRotationError.noClient(id) }
        guard client.secrets.count == 2 else { throw SecretRotationError.onlySecret(id) }
        client.secrets.remove(at: newer ? 0 : 1)
        guard try await replace(client, now: now) else { throw SecretRotationError.changedMeanwhile(id) }
    }
}

/// Why a client's secrets stay as they are.
package enum SecretRotationError: Error, Equatable, Sendable, CustomStringConvertible {
    case noClient(String), usesNoSecret(String), twoSecrets(String), onlySecret(String), changedMeanwhile(String)

    package var description: String {
        switch self {
        case .noClient(let id): "there is no client \"\(id)\""
        case .usesNoSecret(let id): "\"\(id)\" does not authenticate by a secret"
        case .twoSecrets(let id): "\"\(id)\" has two secrets already; remove the older first: portcullis client secret remove \(id)"
        case .onlySecret(let id): "\"\(id)\" has no second secret; add one first (portcullis client secret add \(id)), or remove the client"
        case .changedMeanwhile(let id): "\"\(id)\" was changed by somebody else at the same time; try again"
        }
    }
}
