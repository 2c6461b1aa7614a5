import Administration
import AuthorizationRecords
import Foundation
package import JOSE
package import Policy
import Storage

/// The signing keys of the built-in authorization server, as `portcullis keys` shows and changes them: in the gateway's
/// own store, while the gateway may be running. A running gateway hears of it by itself.
package struct SigningKeyTool: Sendable {
    /// A signing key, as `portcullis keys list` shows it: everything but its private half.
    package struct Key: Sendable, Equatable {
        /// Key ID: the thumbprint of the public key (RFC 7638).
        package var kid: String
        /// The only one that it signs with.
        package var algorithm: Algorithm
        /// `announced`, `signing` or `retiring`.
        package var state: String
        /// Seconds since 1970.
        package var createdAt: Int64
        /// Seconds since 1970. Before, it is only published, so that everybody has it when it is needed.
        package var signsFrom: Int64
        /// Seconds since 1970; nil: no successor has been made yet.
        package var publishedUntil: Int64?
        /// The private key is stored encrypted.
        package var isEncrypted: Bool
    }

    private let recorded: RecordedAdministration

    /// Opens the store that the policy names.
    /// - Parameter audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, audit: CommandAudit? = nil) async throws {
        recorded = try await RecordedAdministration(settings, creating: false, audit: audit)
    }

    /// By when they begin to sign.
    package func list(now: Int64 = SigningKeyTool.now) async throws -> Listing<Key> {
        let keys = try await recorded.administration.signingKeyList()
        return Listing(keys, now: now) { Key($0, among: keys.values, now: now) }
    }

    /// Makes the next key, whatever the schedule says. It signs in 48 hours, or at once.
    /// - Returns: the key's id.
    @discardableResult
    package func rotate(_ algorithm: Algorithm?, atOnce: Bool, now: Int64 = SigningKeyTool.now) async throws -> String?
    {
        try checkSeal()
        return try await recorded.make { administration in
            let done = try await administration.rotateKeys(algorithm, atOnce: atOnce, now: now, random: .system)
            return (done.change, done.value.kid)
        }
    }

    /// Gives a key up at once: what it has signed counts no more. False: there is no such key.
    package func retire(_ kid: String, now: Int64 = SigningKeyTool.now) async throws -> Bool {
        try checkSeal()
        return try await recorded.make { (try await $0.retireKey(kid, now: now, random: .system), true) } ?? false
    }

    /// The keys that sign now, one of each algorithm.
    package func signing(now: Int64 = SigningKeyTool.now) async throws -> [Key] {
        try await list(now: now).items.filter { $0.state == StoredSigningKey.State.signing.rawValue }
    }

    /// The algorithms that the policy names and that have no key that signs now: nothing is signed with them until the
    /// next one does. Its key: nil: a gateway has still to make it.
    package func algorithmsWithoutKey(now: Int64 = SigningKeyTool.now) async throws -> [(
        algorithm: Algorithm, next: Key?
    )] {
        let keys = try await list(now: now).items
        return recorded.database.signing.schedule.algorithms.compactMap { algorithm in
            let own = keys.filter { $0.algorithm == algorithm }
            guard !own.contains(where: { $0.state == StoredSigningKey.State.signing.rawValue }) else { return nil }
            return (algorithm, own.first { $0.state == StoredSigningKey.State.announced.rawValue })
        }
    }

    /// Both make keys, which are to be encrypted as the others are.
    private func checkSeal() throws {
        if let fault = recorded.database.signingKeys.sealFault { throw fault }
    }

    /// Seconds since 1970, from the system's clock.
    package static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension SigningKeyTool.Key {
    fileprivate init(_ key: StoredSigningKey, among all: [StoredSigningKey], now: Int64) {
        self.init(
            kid: key.kid, algorithm: key.algorithm, state: key.state(among: all, now: now).rawValue,
            createdAt: key.createdAt,
            signsFrom: key.signsFrom, publishedUntil: key.publishedUntil, isEncrypted: key.isSealed)
    }
}
