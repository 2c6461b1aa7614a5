import Administration
import AuthorizationRecords
import Foundation
import Gateway
package import Policy
import Storage

/// What users and clients have been granted, as `portcullis grant` shows and ends it: in the gateway's own store, while
/// the gateway may be running.
package struct GrantRegistry: Sendable {
    /// A grant, as `portcullis grant list` shows it.
    package struct Entry: Sendable, Equatable {
        /// What `revoke` takes.
        package var id: String
        /// The client that holds it.
        package var clientID: String
        /// `sub` of the user who gave it.
        package var subject: String
        /// What was granted; access tokens may have fewer.
        package var scopes: [String]
        /// Seconds since 1970.
        package var createdAt: Int64
        /// Seconds since 1970.
        package var expiresAt: Int64
    }

    private let recorded: RecordedAdministration

    /// Opens the store that the policy names.
    /// - Parameter audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, audit: CommandAudit? = nil) async throws {
        recorded = try await RecordedAdministration(settings, creating: false, audit: audit)
    }

    /// Those that have not ended, in the order of their ids.
    /// - Parameters:
    ///   - client: nil: of all clients.
    ///   - subject: a user's `sub`, or the name that the user logs in with; nil: of all users.
    package func list(client: String?, subject: String?, now: Int64 = GrantRegistry.now) async throws
        -> Listing<Entry>
    {
        let store = recorded.database.store
        var subject = subject
        if let asked = subject, let user = try await store.user(name: asked.lowercased()) { subject = user.id }
        let query = RecordQuery(.grant, client: client, subject: subject)
        return Listing(try await store.all(query, Grant.init), now: now) { grant in
            now < grant.expiresAt ? Entry(grant) : nil
        }
    }

    /// Ends a grant, with all refresh tokens and access tokens that came from it. False: there is none.
    package func revoke(id: String, now: Int64 = GrantRegistry.now) async throws -> Bool {
        try await recorded.make { (try await $0.revokeGrant(id, now: now), true) } ?? false
    }

    /// Seconds since 1970, from the system's clock.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension GrantRegistry.Entry {
    fileprivate init(_ grant: Grant) {
        self.init(
            id: grant.id, clientID: grant.clientID, subject: grant.subject, scopes: grant.scopes,
            createdAt: grant.createdAt,
            expiresAt: grant.expiresAt)
    }
}
