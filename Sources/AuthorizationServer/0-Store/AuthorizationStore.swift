/// Where clients are kept: the port behind which SQLite lies, and later PostgreSQL.
///
/// An error means that nothing is known now, never that there is no such client.
package protocol AuthorizationStore: Sendable {
    func client(id: String) async throws -> RegisteredClient?
    /// In the order of their ids.
    func clients() async throws -> [RegisteredClient]
    /// Durable once it returns. False: the id is taken, and nothing was changed.
    func insert(_ client: RegisteredClient) async throws -> Bool
    /// False: there is no such client.
    func removeClient(id: String) async throws -> Bool
}
