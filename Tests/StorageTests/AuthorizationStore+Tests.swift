import JSON
import Policy

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer

extension AuthorizationStore {
    /// A client of the client credentials grant; its secret.
    func addClient(_ id: String, scopes: [String], pepper: SecretPepper, now: Int64) async throws -> ClientSecret {
        let metadata: JSONObject = [
            "client_name": "Shop", "grant_types": ["client_credentials"],
            "scope": .string(scopes.joined(separator: " ")),
        ]
        let added = try await addClient(
            id: id, metadata: metadata, rules: ClientMetadata(profile: .standard), pepper: pepper, now: now,
            random: .system)
        guard let secret = added.secret else { throw NoSecret() }
        return secret
    }
}

private struct NoSecret: Error {}
