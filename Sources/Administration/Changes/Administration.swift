package import AuthorizationRecords
import AuthorizationServer
package import JOSE
package import LogIn
package import Policy

/// What whoever runs the server may change: every change names the version that it was decided by, is made by
/// compare-and-swap, and comes back as what changed. The API and the command line are two ways here.
///
/// `expected`: the `version` of the record that the caller has seen; nil: whichever there is. `now`: seconds since
/// 1970. What the store throws goes through: then nobody knows whether the change was made.
package struct Administration: Sendable {
    let store: any AuthorizationStore
    let pepper: SecretPepper
    let hasher: PasswordHasher
    let passwordRules: PasswordRules
    /// What a client may be.
    let clientRules: ClientMetadata
    let terms: SigningTerms
    /// What users may be.
    let userRules: UserRules
    /// nil: users have no passwords here.
    let links: AccountLinkTerms?
    /// Seconds since 1970: when a change was over, not when it is decided.
    let clock: @Sendable () -> Int64

    /// - Parameters:
    ///   - authorizationDetailsTypes: what clients may be registered for (RFC 9396 §10).
    ///   - idTokenAlgorithms: what their ID tokens may be signed by.
    ///   - users: the groups that there are.
    package init(
        store: any AuthorizationStore, pepper: SecretPepper, hasher: PasswordHasher, profile: SecurityProfile,
        authorizationDetailsTypes: [String] = [], idTokenAlgorithms: [Algorithm] = [.es256, .rs256],
        users: UserRules = UserRules(),
        passwordRules: PasswordRules = PasswordRules(), terms: SigningTerms, links: AccountLinkTerms? = nil,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.clock = clock
        self.store = store
        self.pepper = pepper
        self.hasher = hasher
        self.passwordRules = passwordRules
        clientRules = ClientMetadata(
            profile: profile, detailTypes: authorizationDetailsTypes, idTokenAlgorithms: idTokenAlgorithms)
        self.terms = terms
        userRules = users
        self.links = links
    }

    /// What was done: the change for the record, the thing as it is now, and a secret that is shown this once.
    package struct Done<Value: Sendable>: Sendable {
        package let change: ManagedChange
        package let value: Value
        /// nil: nothing was made that is secret.
        package let secret: ClientSecret?
        /// Of a user: what ended with the change.
        package var ended = UserBelongings()
    }

    func commit(_ changes: [StoreChange], now: Int64) async throws {
        do {
            guard try await store.commit(changes, now: now) else { throw ManagementError.changedMeanwhile }
        } catch let error as UnstorableRecord {
            throw ManagementError.refused(error.description)
        }
    }

    func commit(
        _ changes: [StoreChange], ending target: Revocation.Target, keepingGrants: Bool = false, now: Int64
    ) async throws {
        guard try await store.commit(changes, ending: target, keepingGrants: keepingGrants, now: now, clock: clock)
        else {
            throw ManagementError.changedMeanwhile
        }
    }

    /// The first second in which what comes into being under this name counts: what had it before ends a little later than
    /// it was taken away. Seconds since 1970; 0 if there was nothing.
    func firstSecond(of targets: [Revocation.Target]) async throws -> Int64 {
        var latest: Int64 = 0
        for target in targets {
            guard let revocation = try await store.value(.revocation, target.key, Revocation.init) else { continue }
            latest = max(latest, revocation.before)
        }
        return latest
    }

    static func check(_ version: Int64, _ expected: Int64?) throws(ManagementError) {
        if let expected, expected != version { throw .changedMeanwhile }
    }
}

extension Administration {
    /// Ends a grant, with all refresh tokens and access tokens that came from it. One whose end has come is none.
    package func revokeGrant(_ id: String, expected: Int64? = nil, now: Int64) async throws -> ManagedChange {
        guard let record = try await store.record(.grant, id), !record.isExpired(at: now) else {
            throw ManagementError.notFound
        }
        let grant = try record.read(Grant.init)
        try Self.check(record.version, expected)
        try await commit([.expect(.grant, key: id, version: record.version)], ending: .grant(id), now: now)
        return ManagedChange(.grantRevoked, id, before: grant.managementDocument, after: nil)
    }
}
