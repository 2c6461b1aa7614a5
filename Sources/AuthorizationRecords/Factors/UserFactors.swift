/// All factors of one user.
package struct UserFactors: Sendable {
    /// Those that can be read, in the order of their keys.
    package let all: [StoredFactor]
    /// One that cannot be read is still one: without it nobody gets in.
    package let damaged: DamagedRecord?

    package init(_ all: [StoredFactor], damaged: DamagedRecord? = nil) {
        self.all = all
        self.damaged = damaged
    }

    /// Any number up to `StoredFactor.passkeysMax`.
    package var passkeys: [StoredFactor] { all.filter { $0.method == .passkey } }
    /// nil: there is no authenticator app.
    package var totp: StoredFactor? { all.first { $0.method == .totp } }
    /// nil: there is no set, not even one that is used up.
    package var recoveryCodes: StoredFactor? { all.first { $0.method == .recoveryCodes } }

    /// Whether a log-in asks for more than the password. Recovery codes alone are no factor: they stand in for one.
    package var areThere: Bool { !passkeys.isEmpty || totp != nil || damaged != nil }

    /// The levels that a log-in with them reaches.
    package var levels: [AuthenticationLevel] {
        (totp == nil ? [] : [.multiFactor]) + (passkeys.isEmpty ? [] : [.multiFactor, .phishingResistant])
    }
}

extension AuthorizationStore {
    /// What there is of a user.
    package func factors(of userID: String) async throws -> UserFactors {
        let list = try await all(RecordQuery(.factor, subject: userID), StoredFactor.init)
        return UserFactors(list.values, damaged: list.damaged.first)
    }
}

extension StoredUser {
    /// For `commit`, together with a change of the factors: whoever decides by what was there before is refused
    /// (`unchanged`).
    package var touched: StoreChange { .replace(record) }
}
