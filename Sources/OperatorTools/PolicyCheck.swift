import Admission
import AuthorizationRecords
import Gateway
import Policy
package import PolicyFile
package import Storage

/// What `portcullis check` does: reads a policy and, where its clients are on record, compares what routes ask for with
/// what clients may obtain.
package struct PolicyCheck: Sendable {
    /// Whether the store of the authorization server is looked into. Nothing is ever written to it.
    package enum Clients: Sendable {
        /// If it is a file, and there. What cannot be read is left out.
        case ifAtHand
        /// Also over the network; one that cannot be read is an error.
        case always
    }

    package let reading: PolicyReading
    /// Why the clients were left out; nil: they were not, or there are none.
    package let leftOut: String?

    /// Throws `StorageError` for clients that are asked for and cannot be read.
    package init(fileAt path: String, clients: Clients) throws(StorageError) {
        let first = PolicyReader(files: DiskPolicyFiles()).read(fileAt: path)
        guard let policy = first.policy, let settings = policy.authorizationServer else {
            (reading, leftOut) = (first, nil)
            return
        }
        let obtainable: ObtainableScopes?
        do throws(StorageError) {
            obtainable = try Self.obtainable(settings, clients)
        } catch {
            guard clients == .ifAtHand else { throw error }
            (reading, leftOut) = (first, error.description)
            return
        }
        leftOut = nil
        reading = obtainable.map { PolicyReader(files: DiskPolicyFiles(), obtainable: $0).read(fileAt: path) } ?? first
    }

    /// nil: it is not looked into, or nobody is registered yet.
    private static func obtainable(_ settings: AuthorizationServerSettings, _ wanted: Clients) throws(StorageError)
        -> ObtainableScopes?
    {
        if wanted == .ifAtHand, case .postgresql = settings.database { return nil }
        let database = settings.database
        guard let clients = try ClientsOnRecord.read(database, secrets: DatabaseSecrets(connectingTo: database)),
            !clients.isEmpty
        else { return nil }
        let scopes = Set(clients.flatMap(\.scopes) + (settings.registration?.scopes ?? [])).sorted()
        let held = scopes.map { Array($0.utf8) }
        return ObtainableScopes(scopes) { required, match in match.covers(Array(required.utf8), heldBy: held) }
    }
}
