package import AuthorizationRecords
package import JOSE
package import JSON

extension Administration {
    /// In the order in which they begin to sign.
    package func signingKeyList() async throws -> RecordList<StoredSigningKey> {
        var keys = try await store.signingKeys()
        keys.sort { $0.signsBefore($1) }
        return keys
    }

    /// Throws if one of them cannot be read: what is decided about keys depends on all of them.
    private func signingKeys() async throws -> [StoredSigningKey] { try await signingKeyList().whole() }

    /// Makes the next key, whatever the schedule says. It signs in 48 hours, or at once; the one before it is published
    /// until the last token that it has signed has ended.
    /// - Parameter algorithm: nil: what access tokens are signed with.
    package func rotateKeys(_ algorithm: Algorithm? = nil, atOnce: Bool, now: Int64, random: Randomness) async throws
        -> Done<StoredSigningKey>
    {
        let schedule = terms.schedule
        let algorithm = algorithm ?? schedule.algorithms.first ?? .es256
        let before = try await signingKeys()
        guard
            schedule.algorithms.contains(algorithm)
                || before.contains(where: { $0.algorithm == algorithm && $0.publishedUntil == nil })
        else {
            throw ManagementError.refused(
                "\(algorithm.rawValue) is not among authorization_server.signing_algorithms, and no client has it as id_token_signed_response_alg; name it there, and a key is made"
            )
        }
        let action = schedule.rotation(of: algorithm, before, now: now, atOnce: atOnce)
        guard try await SigningKeyChange(store: store, terms: terms, random: random).make(action, of: before, now: now)
        else {
            throw ManagementError.changedMeanwhile
        }
        let after = try await signingKeys()
        guard
            let new = after.first(where: { key in key.algorithm == algorithm && !before.contains { $0.kid == key.kid } }
            )
        else {
            throw ManagementError.changedMeanwhile
        }
        return Done(
            change: ManagedChange(.keysRotated, new.kid, before: Self.described(before), after: Self.described(after)),
            value: new, secret: nil)
    }

    /// Gives a key up at once: what it has signed counts no more. If it signs, a new key does from now on; no key that
    /// was rotated away signs again.
    package func retireKey(_ kid: String, expected: Int64? = nil, now: Int64, random: Randomness) async throws
        -> ManagedChange
    {
        let before = try await signingKeys()
        guard let key = before.first(where: { $0.kid == kid }) else { throw ManagementError.notFound }
        try Self.check(key.version, expected)
        let action = terms.schedule.retirement(of: key, before, now: now)
        guard try await SigningKeyChange(store: store, terms: terms, random: random).make(action, of: before, now: now)
        else {
            throw ManagementError.changedMeanwhile
        }
        return ManagedChange(
            .keyRetired, kid, before: Self.described(before), after: Self.described(try await signingKeys()))
    }

    /// By kid, so that a record shows which are new, gone, or published to another end.
    private static func described(_ keys: [StoredSigningKey]) -> JSONObject {
        var members: JSONObject = [:]
        for key in keys { members[key.kid] = .object(key.timeDocument) }
        return members
    }
}

extension StoredSigningKey {
    /// What a key is good for at a moment.
    package enum State: String, Sendable {
        /// Published, so that everybody knows it before it signs.
        case announced
        case signing
        /// Signs no more; published until the last token that it signed has ended.
        case retiring
    }

    /// - Parameters:
    /// - all: all signing keys, whatever their algorithm.
    /// - now: seconds since 1970.
    package func state(among all: [StoredSigningKey], now: Int64) -> State {
        if all.signing(now: now).contains(where: { $0.kid == kid }) { return .signing }
        return signsFrom > now ? .announced : .retiring
    }

    /// Nothing of the private key.
    package func managementDocument(among all: [StoredSigningKey], now: Int64) -> JSONObject {
        var document: JSONObject = [
            "kid": .string(kid), "state": .string(state(among: all, now: now).rawValue),
            "created_at": .integer(createdAt),
        ]
        for member in timeDocument.members { document[member.name] = member.value }
        document["encrypted"] = .bool(isSealed)
        return document
    }

    fileprivate var timeDocument: JSONObject {
        var document: JSONObject = ["algorithm": .string(algorithm.rawValue), "signs_from": .integer(signsFrom)]
        document["signs_until"] = signsUntil.map { .integer($0) }
        document["published_until"] = publishedUntil.map { .integer($0) }
        return document
    }
}
