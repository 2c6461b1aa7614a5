internal import AuthorizationServer
internal import Foundation
internal import GRDB

/// A registered client in its rows.
enum ClientRows {
    static func read(_ db: Database, id: String) throws -> RegisteredClient? {
        let statement = try db.cachedStatement(sql: "SELECT name, grants, authentication_methods, scopes, created_at FROM client WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
        let secrets = try Data.fetchAll(
            db.cachedStatement(sql: "SELECT mac FROM client_secret WHERE client_id = ? ORDER BY created_at DESC LIMIT 2"), arguments: [id])
        return RegisteredClient(
            id: id, name: row["name"], grants: Set(words(row["grants"]).compactMap(GrantType.init)),
            authenticationMethods: Set(words(row["authentication_methods"]).compactMap(ClientAuthenticationMethod.init)),
            scopes: words(row["scopes"]), secrets: secrets.compactMap { SecretMAC(octets: Array($0)) }, createdAt: row["created_at"])
    }

    /// False: the id is taken.
    static func insert(_ db: Database, _ client: RegisteredClient) throws -> Bool {
        try db.execute(
            sql: """
                INSERT INTO client (id, name, grants, authentication_methods, scopes, created_at) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (id) DO NOTHING
                """,
            arguments: [
                client.id, client.name, client.grants.map(\.rawValue).sorted().joined(separator: " "),
                client.authenticationMethods.map(\.rawValue).sorted().joined(separator: " "), client.scopes.joined(separator: " "),
                client.createdAt,
            ])
        guard db.changesCount > 0 else { return false }
        for secret in client.secrets {
            try db.execute(
                sql: "INSERT INTO client_secret (client_id, mac, created_at) VALUES (?, ?, ?)",
                arguments: [client.id, Data(secret.octets), client.createdAt])
        }
        return true
    }

    private static func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
}
