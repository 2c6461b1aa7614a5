internal import AuthorizationServer
internal import Foundation
internal import JSON
package import JOSE
package import Policy

/// The signing keys of the built-in authorization server, as `portcullis keys` shows and changes them: in the gateway's own store,
/// while the gateway may be running. A running gateway hears of it by itself.
package struct SigningKeyTool: Sendable {
    package struct Key: Sendable, Equatable {
        /// What a key is good for at a moment.
        package enum State: String, Sendable {
            /// Published, so that everybody knows it before it signs.
            case announced
            case signing
            /// Signs no more; published until the last token that it signed has ended.
            case retiring
        }
        package var kid: String
        package var algorithm: Algorithm
        package var state: State
        /// Seconds since 1970.
        package var createdAt: Int64
        package var signsFrom: Int64
        package var publishedUntil: Int64?
        package var isEncrypted: Bool
    }

    /// Why the keys stay as they are.
    package enum Failure: Error, Sendable, CustomStringConvertible {
        case unknownKey(String)
        case unknownAlgorithm(Algorithm)
        case othersWereFaster

        package var description: String {
            switch self {
            case .unknownKey(let kid): "there is no key \"\(kid)\"; portcullis keys list shows them"
            case .unknownAlgorithm(let algorithm):
                "\(algorithm.rawValue) is not among authorization_server.signing_algorithms; name it there, and a key is made"
            case .othersWereFaster: "the keys were changed by somebody else at the same moment; look at them, and try again"
            }
        }
    }

    private let database: AuthorizationDatabase
    private let audit: CommandAudit?

    /// Opens the store that the policy names.
    /// - Parameter audit: where changes are recorded; nil: nowhere.
    package init(_ settings: AuthorizationServerSettings, audit: CommandAudit? = nil) async throws {
        database = try await AuthorizationDatabase.open(settings, creating: false, now: Self.now)
        self.audit = audit
    }

    /// The one that signs first, then by when they begin to sign.
    package func list(now: Int64 = SigningKeyTool.now) async throws -> [Key] {
        let keys = try await stored()
        return keys.sorted { $0.signsFrom < $1.signsFrom }.map { Key($0, among: keys, now: now) }
    }

    /// Makes the next key, whatever the schedule says. It signs in 48 hours, or at once; the one before it is published until the last
    /// token that it has signed has ended.
    package func rotate(_ algorithm: Algorithm?, atOnce: Bool, now: Int64 = SigningKeyTool.now) async throws {
        let algorithm = algorithm ?? database.schedule.algorithms.first ?? .es256
        guard database.schedule.algorithms.contains(algorithm) else { throw Failure.unknownAlgorithm(algorithm) }
        try audit?.prepare()
        let keys = try await stored()
        try await make(database.schedule.rotation(of: algorithm, keys, now: now, atOnce: atOnce), of: keys, now: now)
        try await record(.keysRotated, algorithm.rawValue, before: keys)
    }

    /// Gives a key up at once: what it has signed counts no more. If nothing else of its algorithm signs, a new key does from now on.
    package func retire(_ kid: String, now: Int64 = SigningKeyTool.now) async throws {
        try audit?.prepare()
        let keys = try await stored()
        guard let key = keys.first(where: { $0.kid == kid }) else { throw Failure.unknownKey(kid) }
        let others = keys.filter { $0.kid != kid && $0.algorithm == key.algorithm && $0.signsFrom <= now && now < $0.publishedUntil ?? .max }
        var changes: [StoreChange] = [.remove(.signingKey, key: kid, version: key.version)]
        if others.isEmpty {
            let new = try StoredSigningKey(
                SigningKey.generate(key.algorithm), createdAt: now, signsFrom: now, seal: database.seal, random: .system)
            changes.append(.insert(new.record))
        }
        guard try await database.store.commit(changes, now: now) else { throw Failure.othersWereFaster }
        try await record(.keyRetired, kid, before: keys)
    }

    /// What differs is which keys there are, and until when they are published.
    private func record(_ action: ManagedChange.Action, _ id: String, before: [StoredSigningKey]) async throws {
        func described(_ keys: [StoredSigningKey]) -> JSONObject {
            JSONObject(
                keys.map { key -> (String, JSON) in
                    var members: JSONObject = ["algorithm": .string(key.algorithm.rawValue), "signs_from": .integer(key.signsFrom)]
                    members["published_until"] = key.publishedUntil.map { .integer($0) }
                    return (key.kid, .object(members))
                })
        }
        try await audit?.record(ManagedChange(action, id, before: described(before), after: described(try stored())))
    }

    private func make(_ action: KeySchedule.Action, of keys: [StoredSigningKey], now: Int64) async throws {
        guard try await SigningKeyChange(database: database, random: .system).make(action, of: keys, now: now) else {
            throw Failure.othersWereFaster
        }
    }

    private func stored() async throws -> [StoredSigningKey] {
        try await database.store.records(RecordQuery(.signingKey), most: 1_000).compactMap(StoredSigningKey.init)
    }

    package static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

extension SigningKeyTool.Key {
    fileprivate init(_ key: StoredSigningKey, among all: [StoredSigningKey], now: Int64) {
        let hasSuccessor = all.contains { $0.algorithm == key.algorithm && $0.signsFrom > key.signsFrom && $0.signsFrom <= now }
        self.init(
            kid: key.kid, algorithm: key.algorithm, state: key.signsFrom > now ? .announced : hasSuccessor ? .retiring : .signing,
            createdAt: key.createdAt, signsFrom: key.signsFrom, publishedUntil: key.publishedUntil, isEncrypted: key.isSealed)
    }
}
