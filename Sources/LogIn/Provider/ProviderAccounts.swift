import AuthorizationRecords
import JSON

/// Which account here a user of the provider has: found by issuer and `sub`, and by nothing else. An address or a
/// name that is the same as somebody's never leads to that account; whoever chooses it there could take it over here.
struct ProviderAccounts: Sendable {
    let store: any AuthorizationStore
    /// Of the provider's issuer in `routes.yaml`: names of its users begin with it, so that they are none that an
    /// operator gives.
    let prefix: String
    let signsUp: Bool
    let access: UserAccess

    /// The account as it will be, and the changes that make it so. Made anew when `commit` finds that something else is
    /// true.
    func account(of verified: VerifiedIdentity, _ profile: ProviderProfile, _ call: EndpointCall) async throws -> (
        user: StoredUser, changes: [StoreChange]
    ) {
        let identity = UserIdentity(issuer: verified.issuer, subject: verified.subject)
        guard let link = try await store.record(.identity, identity.key) else {
            return try await newAccount(identity, profile, call)
        }
        guard let id = link.subject, let user = try await store.user(id: id) else { throw ProviderFault.unknownUser }
        guard !user.isDisabled else { throw ProviderFault.disabled }
        let refreshed = refreshed(user, profile)
        // Who is disabled in this very moment does not get in.
        guard refreshed != user else { return (user, [.expect(.user, key: user.id, version: user.version)]) }
        var changes: [StoreChange] = [.replace(refreshed.record)] + (try await endings(refreshed, since: user, call))
        if refreshed.email != user.email { changes.append(.removeAll(RecordQuery(.accountLink, subject: user.id))) }
        return (refreshed, changes)
    }

    /// Access tokens of before end where the provider has taken a group away, or says something else than tokens of before: refresh tokens lead to new ones, which can
    /// no more than the user may now. What comes of this log-in counts, if it comes in the same second.
    private func endings(_ user: StoredUser, since before: StoredUser, _ call: EndpointCall) async throws
        -> [StoreChange]
    {
        guard access.hasLost(user, since: before) else { return [] }
        let target = Revocation.Target.subject(user.id)
        let known = try await store.value(.revocation, target.key, Revocation.init)
        guard known.map({ $0.before < call.now }) ?? true else { return [] }
        let revocation = Revocation(
            target, before: call.now, expiresAt: call.now &+ Revoker.accessTokenSecondsMax)
        return [.remove(.revocation, key: target.key), .insert(revocation.record)]
    }

    private func newAccount(_ identity: UserIdentity, _ profile: ProviderProfile, _ call: EndpointCall) async throws
        -> (StoredUser, [StoreChange])
    {
        guard signsUp else { throw ProviderFault.unknownUser }
        let id = RandomText.userID.make(call.random)
        var user = StoredUser(id: id, name: try await freeName(profile, call), createdAt: call.now)
        user.identity = identity
        user = refreshed(user, profile)
        return (user, [.insert(user.nameRecord), .insert(user.record), .insert(identity.record(of: id))])
    }

    private func refreshed(_ user: StoredUser, _ profile: ProviderProfile) -> StoredUser {
        var user = user
        user.displayName = profile.name ?? (profile.isWhole ? nil : user.displayName)
        user.email = profile.email ?? (profile.isEmailKnown ? nil : user.email)
        // Of the provider only what it has verified is taken.
        if profile.email != nil { user.isEmailVerified = true }
        user.providerClaims = access.kept(profile.claim)
        return user
    }

    /// `staff+alice`; with something random behind it when there is one already. It stays, whatever the user is
    /// called there later.
    private func freeName(_ profile: ProviderProfile, _ call: EndpointCall) async throws -> String {
        let own = (profile.preferredName ?? profile.email ?? "user").lowercased().unicodeScalars.prefix(48).map {
            scalar -> Character in
            switch scalar {
            case "a"..."z", "0"..."9", ".", "_", "-", "+", "@": Character(scalar)
            default: "-"
            }
        }
        let name = prefix.lowercased() + "+" + String(own)
        guard try await store.record(.userName, name) != nil else { return name }
        return name + RandomText.userNameSuffix.make(call.random)
    }
}
