package import AuthorizationRecords
import JSON
package import LogIn

extension Administration {
    /// What of an account changes; nil: stays. A new password and an end of all that was granted leave nothing to see
    /// in `before` and `after` but that they happened.
    package struct UserChange: Sendable {
        /// true also ends the user's sessions and grants.
        package var isDisabled: Bool?
        /// Ends the user's sessions. Refused for an account that logs in at a provider.
        package var password: String?

        package init(isDisabled: Bool? = nil, password: String? = nil) {
            self.isDisabled = isDisabled
            self.password = password
        }
    }

    /// A new account. Throws `ManagementError` if the name or the provider's identity is taken, or a text is none that
    /// an account can have.
    package func addUser(
        name: String, _ credential: NewUserCredential, email: String?, displayName: String?, now: Int64,
        random: Randomness
    ) async throws -> Done<StoredUser> {
        do {
            let user = try await UserDirectory(store: store, hasher: hasher).add(
                name: name, credential, email: email, displayName: displayName, now: now, random: random)
            return Done(
                change: ManagedChange(.userAdded, user.id, before: nil, after: user.managementDocument), value: user,
                secret: nil)
        } catch let error as UserError {
            if case .nameTaken = error { throw ManagementError.conflict(error.description) }
            if error == .identityTaken { throw ManagementError.conflict(error.description) }
            throw ManagementError.refused(error.description)
        } catch is PasswordHasherBusy {
            throw ManagementError.busy
        }
    }

    /// Who is disabled loses all that was granted on their behalf; who gets a new password has to log in again
    /// everywhere.
    package func changeUser(
        _ id: String, _ change: UserChange, expected: Int64? = nil, now: Int64, random: Randomness
    ) async throws -> Done<StoredUser> {
        guard let old = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(old.version, expected)
        var new = old
        var endings: [StoreChange] = []
        if let isDisabled = change.isDisabled {
            new.isDisabled = isDisabled
            if !isDisabled, old.isDisabled, case let first = try await firstSecond(ofUser: id), first > now {
                throw ManagementError.conflict(
                    "what the user was granted ends within \(first - now) s, and so would what is granted now; try again then"
                )
            }
        }
        if let password = change.password {
            guard old.identity == nil else { throw ManagementError.refused(UserError.logsInElsewhere.description) }
            do throws(UserError) { try PasswordRules.check(password, name: old.name) } catch {
                throw ManagementError.refused(error.description)
            }
            do throws(PasswordHasherBusy) {
                new.passwordHash = try await hasher.hash(password, random: random).text
            } catch { throw ManagementError.busy }
            endings.append(.removeAll(RecordQuery(.session, subject: id)))
        }
        endings.insert(.replace(new.record), at: 0)
        if change.isDisabled == true {
            try await commit(endings, ending: .subject(id), now: now)
        } else {
            try await commit(endings, now: now)
        }
        new.version &+= 1
        var after = new.managementDocument
        if change.password != nil { after["password"] = "changed" }
        return Done(
            change: ManagedChange(.userChanged, id, before: old.managementDocument, after: after), value: new,
            secret: nil)
    }

    /// The first second in which what a user is granted counts who was disabled before; 0: any.
    package func firstSecond(ofUser id: String) async throws -> Int64 { try await firstSecond(of: [.subject(id)]) }

    /// The account with all that belongs to it. The name is free again; the id is never used again.
    package func removeUser(_ id: String, expected: Int64? = nil, now: Int64) async throws -> ManagedChange {
        guard let user = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(user.version, expected)
        try await commit(
            [
                .remove(.user, key: id, version: user.version), .remove(.userName, key: user.name),
                .removeAll(RecordQuery(.identity, subject: id)),
            ], ending: .subject(id), now: now)
        return ManagedChange(.userRemoved, id, before: user.managementDocument, after: nil)
    }
}
