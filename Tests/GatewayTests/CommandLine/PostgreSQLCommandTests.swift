import Foundation
import GatewayTesting
import Testing

@Suite("Commands on a PostgreSQL database", .tags(.timed))
struct PostgreSQLCommandTests {
    @Test("print what they have to say and nothing else: the database's library complains of no password file")
    func quiet() async throws {
        let server = try await TestPostgreSQL.shared()
        let database = try await server.database()
        let settings =
            "{postgresql: {host: \(server.socketFolder), port: \(server.port), database: \(database), user: \(TestPostgreSQL.user)}}"
        try await GatewayHarness.runOwnIssuer(
            edit: { $0.replacingOccurrences(of: "database: var/portcullis.sqlite", with: "database: \(settings)") }
        ) { harness, _ in
            for words in [["client", "add", "billing", "--scope", "orders:read"], ["client", "list"], ["check"]] {
                let run = try await Portcullis.run(words, in: harness.gateway.folder)
                #expect(run.status == 0)
                #expect(run.errors == "", "\(words)")
            }
        }
    }
}
