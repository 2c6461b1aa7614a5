package import AuthorizationRecords
import Foundation
package import JOSE
package import Policy

/// The database that a policy names, opened: whichever it is, and with what must be in it.
package struct AuthorizationDatabase: Sendable {
    package let store: any AuthorizationStore
    package let pepper: SecretPepper
    /// As it is called in messages.
    package let name: String
    /// What of the signing keys could be used when it was opened.
    package let signingKeys: SigningKeyCheck
    /// The signing keys, as they were then. Throws only if it was opened for something else than signing.
    package var ring: SigningKeyRing { get throws(StorageError) { try signingKeys.ring.get() } }
    /// It was not there and has been made: there are no clients and no users in it, and its keys are new.
    package let isNew: Bool
    let seal: KeySeal?
    /// When keys are made and given up.
    package let schedule: KeySchedule
    private let profile: SecurityProfile
    /// Both for whoever changes keys.
    package var signing: SigningTerms { SigningTerms(schedule: schedule, seal: seal) }

    /// Opens it; makes it, with its keys, when it is not there yet. Throws `StorageError` when it cannot be used: then
    /// no token is issued, rather than one that nobody can verify tomorrow.
    ///
    /// Private keys that are stored in clear are encrypted when the policy says with what.
    /// - Parameters:
    ///   - secrets: what the policy names, read.
    ///   - creating: false: one that is not there is an error.
    ///   - signs: false: nothing will be signed, so that keys that cannot be used are no error.
    ///   - now: seconds since 1970.
    package static func open(
        _ settings: AuthorizationServerSettings, secrets: DatabaseSecrets, creating: Bool = true, signs: Bool = true,
        now: Int64, random: Randomness = .system
    ) async throws -> AuthorizationDatabase {
        let seal = secrets.seal
        let store: any AuthorizationStore
        var birth: [StoredRecord]?
        var isNew = false
        let name = settings.database.description
        switch settings.database {
        case .sqlite(let path):
            let sqlite = try SQLiteAuthorizationStore.open(
                path: path, creating: creating, seal: seal, algorithms: settings.signingAlgorithms,
                signs: signs, now: now, random: random)
            isNew = sqlite.isNew
            store = sqlite
        case .postgresql(let server):
            let first = try StoreContents.birth(
                algorithms: settings.signingAlgorithms, seal: seal, now: now, random: random)
            store = try await PostgreSQLAuthorizationStore(
                server, password: secrets.password, creating: creating, birth: first)
            birth = first
        }
        var contents = try await contents(of: store, name: name)
        if let birth { isNew = contents.isBorn(with: birth) }
        var check = SigningKeyCheck(
            contents.keys, name: name, seal: seal, preference: settings.signingAlgorithms, now: now)
        // Nothing is encrypted with a secret that opens none of the keys that are encrypted already: afterwards no secret
        // would open all of them, and this one would seem to be right.
        if signs, let fault = check.sealFault { throw fault }
        if let seal, check.sealFault == nil,
            try await sealAll(contents.keys.values, with: seal, in: store, now: now, random: random)
        {
            contents = try await self.contents(of: store, name: name)
            check = SigningKeyCheck(
                contents.keys, name: name, seal: seal, preference: settings.signingAlgorithms, now: now)
        }
        if signs { _ = try check.ring.get() }
        return AuthorizationDatabase(
            store: store, pepper: contents.pepper, name: name, signingKeys: check, isNew: isNew,
            seal: seal,
            schedule: KeySchedule(
                algorithms: settings.signingAlgorithms, rotationSeconds: settings.keyRotation.components.seconds,
                tokenSeconds: settings.accessTokenLifetime.components.seconds),
            profile: settings.profile)
    }

    /// What of stored keys tokens can be signed and verified with.
    /// - Parameter now: seconds since 1970.
    package func check(_ keys: RecordList<StoredSigningKey>, now: Int64) -> SigningKeyCheck {
        SigningKeyCheck(keys, name: name, seal: seal, preference: schedule.algorithms, now: now)
    }

    /// What clients want their ID tokens signed by, besides what the policy names. A client that cannot be read wants
    /// nothing.
    package func idTokenAlgorithmsWanted() async throws -> Set<Algorithm> {
        Set(try await store.clients().values.compactMap(\.idTokenAlgorithm)).intersection(profile.algorithms)
    }

    private static func contents(of store: any AuthorizationStore, name: String) async throws -> StoreContents {
        do {
            return try StoreContents(
                signingKeys: try await store.signingKeys(),
                pepper: try await store.record(.serverKey, ServerKey.pepper), name: name)
        } catch let error as PostgreSQLError {
            throw StorageError(name, "cannot be used: \(error)")
        } catch let error as DamagedRecord {
            throw StorageError(name, "cannot be used: \(error)")
        }
    }

    /// Whether something was changed, here or by another gateway at the same time.
    private static func sealAll(
        _ keys: [StoredSigningKey], with seal: KeySeal, in store: any AuthorizationStore, now: Int64, random: Randomness
    ) async throws -> Bool {
        // What is no key stays as it is, so that it can be seen what it was.
        let open = keys.filter { !$0.isSealed && (try? $0.key(nil)) != nil }
        for key in open {
            _ = try await store.commit([.replace(key.sealed(by: seal, random: random).record)], now: now)
        }
        return !open.isEmpty
    }
}
