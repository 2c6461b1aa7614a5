import JOSE

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

    private func changes(_ action: KeySchedule.Action, of keys: [StoredSigningKey], now: Int64) throws -> [StoreChange]
    {
        func key(_ kid: String) -> StoredSigningKey? { keys.first { $0.kid == kid } }
        switch action {
        case .create(let algorithm, let signsFrom, let follows):
            let new = try StoredSigningKey(
                SigningKey.generate(algorithm), createdAt: now, signsFrom: signsFrom, seal: terms.seal, random: random)
            let until = terms.schedule.publishedUntil(successorSignsFrom: signsFrom)
            var changes: [StoreChange] = []
            for var old in keys where old.algorithm == algorithm {
                if old.signsFrom > signsFrom {
                    // Announced only, and signs never, since the new one comes before it: it would end before it
                    // begins.
                    changes.append(.remove(.signingKey, key: old.kid, version: old.version))
                } else if old.kid == follows || until < old.publishedUntil ?? .min {
                    old.publishedUntil = until
                    changes.append(.replace(old.record))
                }
            }
            // One of them is always written, changed or not, so that a second gateway that decides the same at the same
            // time comes too late.
            if changes.isEmpty, let anchor = keys.min(by: { $0.kid < $1.kid }) { changes = [.replace(anchor.record)] }
            return changes + [.insert(new.record)]
        case .publishUntil(let kid, let time):
            guard var old = key(kid) else { return [] }
            old.publishedUntil = time
            return [.replace(old.record)]
        case .remove(let kid):
            return key(kid).map { [.remove(.signingKey, key: kid, version: $0.version)] } ?? []
        }
    }
}
