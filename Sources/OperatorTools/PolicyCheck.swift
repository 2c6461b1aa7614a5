import Admission
import AuthorizationRecords
import Gateway
import LogIn
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
    /// Why clients and users were left out; nil: they were not, or there is no authorization server.
    package let leftOut: String?
    /// Clients and users were not looked at, because their database is not there yet.
    package let isWithoutDatabase: Bool

    /// Throws `StorageError` for clients that are asked for and cannot be read.
    package init(fileAt path: String, clients: Clients) throws(StorageError) {
        let first = PolicyReader(files: DiskPolicyFiles()).read(fileAt: path)
        guard let policy = first.policy, let settings = policy.authorizationServer else {
            (reading, leftOut, isWithoutDatabase) = (first, nil, false)
            return
        }
        let obtainable: ObtainableScopes?
        do throws(StorageError) {
            obtainable = try Self.obtainable(settings, clients)
        } catch {
            guard clients == .ifAtHand else { throw error }
            (reading, leftOut, isWithoutDatabase) = (first, error.description, false)
            return
        }
        leftOut = nil
        // Over the network nobody looked unless it was asked for.
        if case .postgresql = settings.database, clients == .ifAtHand {
            isWithoutDatabase = false
        } else {
            isWithoutDatabase = obtainable == nil
        }
        reading = obtainable.map { PolicyReader(files: DiskPolicyFiles(), obtainable: $0).read(fileAt: path) } ?? first
    }

    /// nil: it is not looked into, or there is none yet.
    private static func obtainable(_ settings: AuthorizationServerSettings, _ wanted: Clients) throws(StorageError)
        -> ObtainableScopes?
    {
        if wanted == .ifAtHand, case .postgresql = settings.database { return nil }
        let database = settings.database
        guard let known = try ClientsOnRecord.read(database, secrets: DatabaseSecrets(connectingTo: database)) else {
            return nil
        }
        let access = UserAccess(settings)
        /// A scope is what client and user may; more users than were looked at may be anybody.
        func someUserMay(_ scope: String) -> Bool {
            known.hasMoreUsers || settings.users.allowSomebody(scope) || IdentityScope.all.contains(scope)
                || known.users.contains { access.share([scope], of: $0).leftOut.isEmpty }
        }
        func obtainable(_ client: RegisteredClient) -> [String] {
            client.actsForItself ? client.scopes : client.scopes.filter(someUserMay)
        }
        let scopes = Set(
            known.clients.flatMap(obtainable) + (settings.registration?.scopes.filter(someUserMay) ?? [])
        ).sorted()
        let held = scopes.map { Array($0.utf8) }
        var found = ObtainableScopes(scopes) { required, match in match.covers(Array(required.utf8), heldBy: held) }
        found.opens = { required, held, match in match.covers(Array(required.utf8), heldBy: [Array(held.utf8)]) }
        found.hasClients = !known.clients.isEmpty
        var registered: [String: [String]] = [:]
        for client in known.clients { for scope in client.scopes { registered[scope, default: []].append(client.id) } }
        found.registered = registered.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
        found.neverLoggedOut = known.clients.filter { $0.backChannelLogoutURI != nil && !$0.getsIDTokens }.map(\.id)
            .sorted()
        found.administratorless = known.clients.filter { client in
            let asked = client.scopes.filter(AdminRoutes.isAdministrative)
            return client.actsForUsers && !asked.isEmpty && !asked.contains(where: someUserMay)
        }.map(\.id)
        let names = Set(settings.users.groups.map(\.name))
        var unknown: [String: Int] = [:]
        for group in known.users.flatMap(\.groups) where !names.contains(group) { unknown[group, default: 0] += 1 }
        found.unknownGroups = unknown.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        found.clientsWithoutPKCE = known.clients.filter { !$0.requiresProofKey }.map(\.id).sorted()
        return found
    }
}

extension RegisteredClient {
    /// It comes by tokens without a user: by itself, by an assertion, or by tokens of others.
    fileprivate var actsForItself: Bool { !grants.isDisjoint(with: [.clientCredentials, .jwtBearer]) }
    /// Users log in for it.
    fileprivate var actsForUsers: Bool { !grants.isDisjoint(with: [.authorizationCode, .deviceCode]) }
}
