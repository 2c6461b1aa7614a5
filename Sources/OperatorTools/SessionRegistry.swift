import Administration
import AuthorizationRecords
import AuthorizationServer
import Foundation
import Gateway
package import JSON
import LogIn
package import Policy
import Storage

/// Who is logged in where, as `portcullis session` shows and ends it: in the gateway's own store, while the gateway may be
/// running.
package struct SessionRegistry: Sendable {
    /// A session, as `portcullis session list` shows it.
    package struct Entry: Sendable {
        /// `sid` of ID tokens; what `end` takes.
        package let id: String
        /// The name that the user logs in with, or `sub` where the account is gone.
        package let user: String
        /// Seconds since 1970; nil: of a version that did not note it.
        package let createdAt: Int64?
        /// Seconds since 1970, to within some minutes; nil as above.
        package let lastUsedAt: Int64?
        /// What browser on which system, for people; nil: nothing that is known.
        package let device: String?
        /// IP address of the log-in.
        package let address: String?
        /// What the user has shown at the log-in; nil: nobody has said.
        package let acr: String?
        /// Clients that have something of it.
        package let applications: [String]
        /// With everything that is known of it.
        package let document: JSON
    }

    private let recorded: RecordedAdministration
    private var store: any AuthorizationStore { recorded.database.store }

    /// Opens the store that the policy names.
    /// - Parameter audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, audit: CommandAudit? = nil) async throws {
        recorded = try await RecordedAdministration(settings, creating: false, audit: audit)
    }

    /// Those that have not ended, by user, the one that was used last first.
    /// - Parameters:
    ///   - user: a name or a `sub`; nil: of all users.
    ///   - client: nil: of all clients, and of none.
    package func list(user: String?, client: String?, now: Int64 = SessionRegistry.now) async throws -> Listing<Entry> {
        let wanted = try await subject(user)
        // A name with a typing error is not one that is logged in nowhere.
        if let wanted, try await store.user(id: wanted) == nil { throw UnknownName(what: "user", name: user ?? wanted) }
        if let client, try await store.client(id: client) == nil { throw UnknownName(what: "client", name: client) }
        let found = try await store.all(RecordQuery(.session, subject: wanted), UserSession.init)
        let ofClient: Set<String>?
        if let client { ofClient = try await store.sessions(ofClient: client, now: now) } else { ofClient = nil }
        var described: [String: Entry] = [:]
        for session in found.values where session.isLive(at: now) && ofClient?.contains(session.sid) ?? true {
            described[session.key] = Entry(try await store.describe(session, now: now))
        }
        let listing = Listing(found, now: now) { described[$0.key] }
        return listing.sorted { one, other in
            if one.user != other.user { return one.user < other.user }
            return (one.lastUsedAt ?? 0, other.id) > (other.lastUsedAt ?? 0, one.id)
        }
    }

    /// Nobody and nothing has this name.
    package struct UnknownName: Error, CustomStringConvertible {
        let what: String
        let name: String

        package var description: String { "there is no \(what) \"\(name)\"" }
    }

    /// What came of ending one.
    package enum End: Sendable, Equatable {
        /// Its user and its whole id.
        case ended(user: String, id: String)
        /// There is none such.
        case none
        /// Several begin so.
        case several
        /// So few letters name nobody for sure.
        case tooShort
    }

    /// Letters of an id that are enough to name it, at least: a variable that was cut off names nobody.
    package static let prefixMin = 8

    /// Ends the one whose id begins with this.
    package func end(beginning prefix: String) async throws -> End {
        guard prefix.utf8.count >= Self.prefixMin else { return .tooShort }
        let found = try await list(user: nil, client: nil).items.filter { $0.id.utf8.starts(with: prefix.utf8) }
        guard let only = found.first else { return .none }
        guard found.count == 1 || only.id == prefix else { return .several }
        let isDone = try await recorded.make { (try await $0.endSession(only.id, now: Self.now), true) } ?? false
        return isDone ? .ended(user: only.user, id: only.id) : .none
    }

    /// Logs a user out everywhere; what ended. nil: there is no such user.
    /// - Parameter endsGrants: applications lose what they were given to use without the user, too.
    package func endAll(ofUser name: String, endsGrants: Bool) async throws -> UserRegistry.Ended? {
        guard let id = try await subject(name), try await store.user(id: id) != nil else { return nil }
        return try await recorded.make {
            let done = try await $0.endSessions(ofUser: id, endsGrants: endsGrants, now: Self.now)
            return (done.change, UserRegistry.Ended(done.ended))
        }
    }

    /// A name leads to the account; anything else is taken for a `sub`.
    private func subject(_ user: String?) async throws -> String? {
        guard let user else { return nil }
        guard let name = UserDirectory.normalised(user), let found = try await store.user(name: name) else {
            return user
        }
        return found.id
    }

    /// Seconds since 1970, from the system's clock.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension SessionRegistry.Entry {
    fileprivate init(_ description: SessionDescription) {
        let session = description.session
        self.init(
            id: description.id, user: description.userName ?? session.userID, createdAt: session.createdAt,
            lastUsedAt: session.lastUsedAt, device: description.device, address: session.address,
            acr: session.authentication.acr, applications: description.applications,
            document: .object(description.document))
    }
}
