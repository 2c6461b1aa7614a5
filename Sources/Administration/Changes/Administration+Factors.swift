package import AuthorizationRecords
package import JSON

extension Administration {
    /// What a user shows besides the password, as it is listed; nothing of it is a secret.
    package func factors(ofUser id: String) async throws -> UserFactors {
        guard try await store.user(id: id) != nil else { throw ManagementError.notFound }
        return try await store.factors(of: id)
    }

    /// Takes factors of a user away: one that somebody has lost, or all, so that the password alone lets in again. What was
    /// begun on the user's behalf ends as with a new password, since somebody else may have begun it.
    /// - Parameters:
    ///   - key: of the one; nil: all, also those that cannot be read.
    ///   - keepsGrants: applications go on with the tokens that they have.
    package func removeFactors(
        ofUser id: String, key: String?, keepsGrants: Bool = false, expected: Int64? = nil, now: Int64
    ) async throws -> Done<StoredUser> {
        guard let old = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(old.version, expected)
        let there = try await store.factors(of: id)
        var removed = there.all
        var removals: [StoreChange] = [.removeAll(RecordQuery(.factor, subject: id))]
        if let key {
            removed = removed.filter { $0.key == key }
            guard let factor = removed.first else { throw ManagementError.notFound }
            let isLast = !there.all.contains { $0.key != key && $0.method != .recoveryCodes } && there.damaged == nil
            if !isLast { removals = [.remove(.factor, key: key, version: factor.version)] }
        } else if there.all.isEmpty, there.damaged == nil {
            throw ManagementError.notFound
        }
        var new = old
        new.epoch &+= 1
        var ended = try await store.belongings(ofUser: id, now: now)
        if keepsGrants { ended.grants = 0 }
        let changes = [.replace(new.record)] + removals + UserBelongings.removals(of: id)
        if keepsGrants {
            try await commit(changes, now: now)
        } else {
            try await commit(changes, ending: .subject(id), now: now)
        }
        new.version &+= 1
        var after = new.managementDocument
        if ended != UserBelongings() { after["ended"] = ended.document }
        var before = old.managementDocument
        before["factors"] = .array(removed.map { .object($0.managementDocument) })
        var made = ManagedChange(.factorsRemoved, id, before: before, after: after)
        if !keepsGrants { made.settling = ManagedChange.overtaking }
        return Done(change: made, value: new, secret: nil, ended: ended)
    }
}

extension StoredFactor {
    /// What it is, when it was added and used; not what it is recognised by.
    package var managementDocument: JSONObject {
        var document: JSONObject = [
            "id": .string(key), "method": .string(method.rawValue), "created_at": .integer(createdAt),
        ]
        if !label.isEmpty { document["label"] = .string(label) }
        document["last_used_at"] = lastUsedAt.map { .integer($0) }
        switch content {
        case .passkey(let passkey):
            document["algorithm"] = passkey.publicKey.object?["alg"]
            document["backup_eligible"] = .bool(passkey.isBackupEligible)
            document["backed_up"] = .bool(passkey.isBackedUp)
        case .totp(let secret): document["sealed"] = .bool(!secret.isPlain)
        case .recoveryCodes(let digests): document["left"] = .integer(Int64(digests.count))
        }
        return document
    }
}
