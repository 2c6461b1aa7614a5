package import AuthorizationRecords
import JSON
package import LogIn
import Policy

extension Administration {
    /// What of an account changes; nil: stays. A new password and an end of all that was granted leave nothing to see
    /// in `before` and `after` but that they happened.
    package struct UserChange: Sendable {
        /// true ends everything of the user, as `password` does.
        package var isDisabled: Bool?
        /// Ends everything of the user: sessions, what is under way, codes, devices that were let in, grants. Refused for an
        /// account that logs in at a provider.
        package var password: String?
        /// Grants stay, and applications go on with their refresh tokens. Access tokens stay after a new password; those of
        /// who is disabled end, and refresh tokens count again once the user is enabled.
        package var keepsGrants = false
        /// Whether somebody has shown that the address is the user's. Refused where there is no address.
        package var isEmailVerified: Bool?
        /// For people; nil inside: none is known any more.
        package var displayName: String??
        /// An address that is another counts as not verified.
        package var email: String??
        /// Scopes, in place of what everybody may; nil inside: what everybody may.
        package var may: [String]??
        /// All groups in which it is by an operator's hand, those that are named here alone.
        package var groups: [String]?
        /// Attributes by name; nil inside: it goes. Others stay.
        package var attributes: [String: [String]?] = [:]
        /// Attributes that are not named go, too.
        package var dropsAttributes = false

        package init(
            isDisabled: Bool? = nil, password: String? = nil, keepsGrants: Bool = false, isEmailVerified: Bool? = nil
        ) {
            self.isDisabled = isDisabled
            self.password = password
            self.keepsGrants = keepsGrants
            self.isEmailVerified = isEmailVerified
        }

        /// Whether anything of the user ends.
        var ends: Bool { isDisabled == true || password != nil }

        /// Whether it says anything.
        package var isEmpty: Bool {
            isDisabled == nil && password == nil && isEmailVerified == nil && displayName == nil && email == nil
                && may == nil && groups == nil && attributes.isEmpty && !dropsAttributes
        }
    }

    /// A new account. Throws `ManagementError` if the name or the provider's identity is taken, or a text is none that
    /// an account can have.
    package func addUser(
        name: String, _ credential: NewUserCredential, email: String?, isEmailVerified: Bool = false,
        displayName: String?, attributes: [String: [String]] = [:], now: Int64, random: Randomness
    ) async throws -> Done<StoredUser> {
        do {
            let user = try await UserDirectory(store: store, hasher: hasher, rules: passwordRules).add(
                name: name, credential, email: email, isEmailVerified: isEmailVerified, displayName: displayName,
                attributes: attributes, now: now, random: random)
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

    /// Who is disabled, or gets a new password, loses what was begun and granted on their behalf, and has to log in again
    /// everywhere.
    package func changeUser(
        _ id: String, _ change: UserChange, expected: Int64? = nil, now: Int64, random: Randomness
    ) async throws -> Done<StoredUser> {
        guard let old = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(old.version, expected)
        var new = old
        if let isDisabled = change.isDisabled {
            new.isDisabled = isDisabled
            if !isDisabled, old.isDisabled, case let first = try await firstSecond(ofUser: id), first > now {
                throw ManagementError.conflict(
                    "what the user was granted ends within \(first - now) s, and so would what is granted now; try again then"
                )
            }
        }
        do throws(UserError) { try UserDirectory.apply(change.profile, to: &new, userRules) } catch {
            throw ManagementError.refused(error.description)
        }
        if let isVerified = change.isEmailVerified {
            guard new.email != nil else { throw ManagementError.refused(UserError.noEmail.description) }
            new.isEmailVerified = isVerified
        }
        if let password = change.password {
            guard old.identity == nil else { throw ManagementError.refused(UserError.logsInElsewhere.description) }
            do throws(UserError) {
                try passwordRules.check(password, name: old.name, email: old.email)
            } catch {
                throw ManagementError.refused(error.description)
            }
            do throws(PasswordHasherBusy) {
                new.passwordHash = try await hasher.hash(password, random: random).text
            } catch { throw ManagementError.busy }
        }
        var ended = UserBelongings()
        if change.ends {
            new.epoch &+= 1
            ended = try await store.belongings(ofUser: id, now: now)
            if change.keepsGrants { ended.grants = 0 }
        }
        // Who is disabled already, and has nothing that could end, is left alone; so is whoever is what is asked for.
        if change.password == nil, ended == UserBelongings(), new.isSame(as: old, butEpoch: old.isDisabled) {
            let document = old.managementDocument
            return Done(
                change: ManagedChange(.userChanged, id, before: document, after: document), value: old, secret: nil)
        }
        // Nothing of what a provider says changes here.
        let narrows =
            new.mayLess(than: old, userRules) || UserAccess(userRules, provider: nil).hasLost(new, since: old)
        var changes: [StoreChange] = [.replace(new.record)] + (change.ends ? UserBelongings.removals(of: id) : [])
        // Links that lie in the mailbox of before set no password any more.
        if new.email != old.email { changes.append(.removeAll(RecordQuery(.accountLink, subject: id))) }
        // Of who gets a new password and keeps the grants, access tokens go on, too.
        let endsTokens = narrows || change.ends && (!change.keepsGrants || new.isDisabled)
        if endsTokens {
            let keepsGrants = change.keepsGrants || !change.ends
            try await commit(changes, ending: .subject(id), keepingGrants: keepsGrants, now: now)
        } else {
            try await commit(changes, now: now)
        }
        new.version &+= 1
        var after = new.managementDocument
        if change.password != nil { after["password"] = "changed" }
        if ended != UserBelongings() { after["ended"] = ended.document }
        var made = ManagedChange(.userChanged, id, before: old.managementDocument, after: after)
        // What is granted next must not end with what was granted before.
        if endsTokens, !new.isDisabled { made.settling = ManagedChange.overtaking }
        return Done(change: made, value: new, secret: nil, ended: ended)
    }

    /// The first second in which what a user is granted counts who was disabled before; 0: any.
    package func firstSecond(ofUser id: String) async throws -> Int64 { try await firstSecond(of: [.subject(id)]) }

    /// The account with all that belongs to it. The name is free again; the id is never used again.
    /// - Returns: what ended with it.
    package func removeUser(_ id: String, expected: Int64? = nil, now: Int64) async throws -> Done<UserBelongings> {
        guard let user = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(user.version, expected)
        let ended = try await store.belongings(ofUser: id, now: now)
        try await commit(
            [
                .remove(.user, key: id, version: user.version), .remove(.userName, key: user.name),
                .removeAll(RecordQuery(.identity, subject: id)),
                .removeAll(RecordQuery(.factor, subject: id)),
            ] + EndedSession.changes(.user(id)), ending: .subject(id), now: now)
        return Done(
            change: ManagedChange(.userRemoved, id, before: user.managementDocument, after: nil), value: ended,
            secret: nil, ended: ended)
    }
}

extension Administration.UserChange {
    fileprivate var profile: UserProfileChange {
        var profile = UserProfileChange(displayName: displayName, email: email, may: may, groups: groups)
        profile.attributes = attributes
        profile.dropsAttributes = dropsAttributes
        return profile
    }
}

extension StoredUser {
    /// - Parameter butEpoch: that it counts a disabling more makes no difference.
    fileprivate func isSame(as other: StoredUser, butEpoch: Bool) -> Bool {
        var other = other
        if butEpoch { other.epoch = epoch }
        return self == other
    }

    /// Whether it lost something that it had by an operator's hand.
    fileprivate func mayLess(than old: StoredUser, _ rules: UserRules) -> Bool {
        guard old.groups.allSatisfy(groups.contains) else { return true }
        guard may != old.may else { return false }
        switch (old.may, may) {
        case (let old?, let new?): return !old.allSatisfy(new.contains)
        case (let old?, nil): return !old.allSatisfy { rules.allow($0, own: nil, in: []) }
        case (nil, let new?):
            guard case .only(let scopes) = rules.standard else { return true }
            return !scopes.allSatisfy(new.contains)
        case (nil, nil): return false
        }
    }
}
