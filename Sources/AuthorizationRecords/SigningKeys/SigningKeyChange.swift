package import JOSE

/// How signing keys are kept: when they are made and given up, and what their private parts are encrypted with.
package struct SigningTerms: Sendable {
    package let schedule: KeySchedule
    /// nil: they are stored as they are.
    package let seal: KeySeal?

    package init(schedule: KeySchedule, seal: KeySeal?) {
        self.schedule = schedule
        self.seal = seal
    }
}

/// One change of the signing keys in the store.
package struct SigningKeyChange: Sendable {
    let store: any AuthorizationStore
    let terms: SigningTerms
    let random: Randomness

    package init(store: any AuthorizationStore, terms: SigningTerms, random: Randomness) {
        self.store = store
        self.terms = terms
        self.random = random
    }

    /// False: the keys are others by now, and nothing was changed.
    /// - Parameter now: seconds since 1970.
    package func make(_ action: KeySchedule.Action, of keys: [StoredSigningKey], now: Int64) async throws -> Bool {
        try await store.commit(changes(action, of: keys, now: now), now: now)
    }

    /// Sees to it that there is a key of an algorithm that a client wants its ID tokens signed by, whoever else does the
    /// same at the same time.
    /// - Returns: false: others changed the keys again and again.
    package func makeKey(of algorithm: Algorithm, now: Int64) async throws -> Bool {
        for _ in 0..<8 {
            let keys = try await store.signingKeys().values
            guard keys.allSatisfy({ $0.algorithm != algorithm || $0.publishedUntil != nil }),
                let action = terms.schedule.actions(keys, wanted: [algorithm], now: now).first(where: {
                    if case .create(algorithm, _, _) = $0 { true } else { false }
                })
            else { return true }
            if try await make(action, of: keys, now: now) { return true }
        }
        return false
    }

    /// Of a new key: access tokens are signed by others.
    private func isForClients(_ algorithm: Algorithm) -> Bool { !terms.schedule.algorithms.contains(algorithm) }

    private func changes(_ action: KeySchedule.Action, of keys: [StoredSigningKey], now: Int64) throws -> [StoreChange]
    {
        func key(_ kid: String) -> StoredSigningKey? { keys.first { $0.kid == kid } }
        switch action {
        case .create(let algorithm, let signsFrom, let follows):
            var new = try StoredSigningKey(
                SigningKey.generate(algorithm), createdAt: now, signsFrom: signsFrom, seal: terms.seal, random: random)
            new.isForClients = isForClients(algorithm)
            let until = terms.schedule.publishedUntil(successorSignsFrom: signsFrom)
            var changes: [StoreChange] = []
            for var old in keys where old.algorithm == algorithm {
                if old.signsFrom > signsFrom {
                    // Announced only, and signs never, since the new one comes before it: it would end before it
                    // begins.
                    changes.append(.remove(.signingKey, key: old.kid, version: old.version))
                } else if old.kid == follows || until < old.publishedUntil ?? .min {
                    end(&old, signing: signsFrom)
                    changes.append(.replace(old.record))
                }
            }
            // One of them is always written, changed or not, so that a second gateway that decides the same at the same
            // time comes too late.
            if changes.isEmpty, let anchor = keys.min(by: { $0.kid < $1.kid }) { changes = [.replace(anchor.record)] }
            return changes + [.insert(new.record)]
        case .publishUntil(let kid, let time):
            guard var old = key(kid) else { return [] }
            old.signsUntil = min(old.signsUntil ?? .max, time &- terms.schedule.retainSeconds)
            old.publishedUntil = time
            return [.replace(old.record)]
        case .remove(let kid):
            return key(kid).map { [.remove(.signingKey, key: kid, version: $0.version)] } ?? []
        case .retire(let kid, let algorithm):
            guard let retired = key(kid) else { return [] }
            return try retire(retired, replacedBy: algorithm, of: keys, now: now)
        }
    }

    private func retire(
        _ retired: StoredSigningKey, replacedBy algorithm: Algorithm?, of keys: [StoredSigningKey], now: Int64
    ) throws -> [StoreChange] {
        var changes: [StoreChange] = [.remove(.signingKey, key: retired.kid, version: retired.version)]
        let others = keys.filter { $0.kid != retired.kid && $0.algorithm == retired.algorithm }
            .sorted { $0.signsBefore($1) }
        if let algorithm {
            var new = try StoredSigningKey(
                SigningKey.generate(algorithm), createdAt: now, signsFrom: now, seal: terms.seal, random: random)
            new.isForClients = isForClients(algorithm)
            if let next = others.first(where: { $0.isAnnounced(at: now) }) { end(&new, signing: next.signsFrom) }
            changes.append(.insert(new.record))
        }
        // Those that sign until the retired one does.
        let followed = others.filter { $0.signsBefore(retired) && $0.signsUntil ?? .max >= retired.signsFrom }
        if retired.isAnnounced(at: now) {
            // The last of them goes on, until the one signs that comes after.
            if var last = followed.last {
                (last.signsUntil, last.publishedUntil) = (nil, nil)
                if let next = others.first(where: { retired.signsBefore($0) }) { end(&last, signing: next.signsFrom) }
                changes.append(.replace(last.record))
            }
        } else {
            // None of them signs again. Of what this version has stored they have ended already.
            for var old in followed where old.signsUntil ?? .max > retired.signsFrom {
                end(&old, signing: retired.signsFrom)
                changes.append(.replace(old.record))
            }
        }
        // Gateways hear of what is written, not of what goes: one that is only published has to leave them, too.
        let isHeard = changes.contains { if case .remove = $0 { false } else { true } }
        if !isHeard, let anchor = keys.filter({ $0.kid != retired.kid }).min(by: { $0.kid < $1.kid }) {
            changes.append(.replace(anchor.record))
        }
        return changes
    }

    /// A successor signs from then on.
    private func end(_ key: inout StoredSigningKey, signing time: Int64) {
        key.signsUntil = min(key.signsUntil ?? .max, time)
        key.publishedUntil = terms.schedule.publishedUntil(successorSignsFrom: time)
    }
}
