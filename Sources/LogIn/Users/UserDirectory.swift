package import AuthorizationRecords

/// How somebody with a new account will log in.
package enum NewUserCredential: Sendable {
    /// Here, with this password; `PasswordRules` apply.
    case password(String)
    /// At an OpenID provider, as this user.
    case identity(UserIdentity)
    /// Here, with the password that another server knew by this hash; nil: with none before there is one. No rules apply
    /// to it, because nobody knows it.
    case imported(ImportedPasswordHash?, isDisabled: Bool, groups: [String])
    /// Not yet: a link will let the user set a password.
    case byLink
}

/// The accounts, as those who run the server change them.
package struct UserDirectory: Sendable {
    private let store: any AuthorizationStore
    private let hasher: PasswordHasher
    private let rules: PasswordRules

    package init(store: any AuthorizationStore, hasher: PasswordHasher, rules: PasswordRules = PasswordRules()) {
        self.store = store
        self.hasher = hasher
        self.rules = rules
    }

    /// A new account. The name's record is written in the same step, and so is the one that leads from a provider's
    /// user: two of one name, or of one user, cannot be.
    /// - Parameter now: seconds since 1970.
    package func add(
        name: String, _ credential: NewUserCredential, email: String? = nil, isEmailVerified: Bool = false,
        displayName: String? = nil, attributes: [String: [String]] = [:], now: Int64, random: Randomness
    ) async throws -> StoredUser {
        guard let name = UserName.normalised(name) else { throw UserError.badName }
        if case .password(let password) = credential { try rules.check(password, name: name, email: email) }
        if let email, !UserName.isPlainText(email) { throw UserError.badText }
        if let fault = displayName.flatMap(DisplayName.fault) { throw UserError.badDisplayName(fault) }
        var user = StoredUser(id: RandomText.userID.make(random), name: name, createdAt: now)
        guard email != nil || !isEmailVerified else { throw UserError.noEmail }
        user.email = email
        user.isEmailVerified = isEmailVerified
        user.displayName = displayName.flatMap { $0.isEmpty ? nil : $0 }
        try Self.check(attributes)
        user.attributes = attributes
        switch credential {
        case .password(let password): user.passwordHash = try await hasher.hash(password, random: random).text
        case .imported(let hash, let isDisabled, let groups):
            user.passwordHash = hash?.text
            user.groups = groups
            user.isDisabled = isDisabled
        case .byLink: break
        case .identity(let identity):
            guard (1...IDTokenVerifier.textBytesMax).contains(identity.subject.utf8.count), !identity.issuer.isEmpty
            else {
                throw UserError.badIdentity
            }
            if try await store.record(.identity, identity.key) != nil { throw UserError.identityTaken }
            user.identity = identity
        }
        let identity = user.identity.map { StoreChange.insert($0.record(of: user.id)) }
        guard
            try await store.commit(
                [.insert(user.nameRecord), .insert(user.record)] + [identity].compactMap { $0 }, now: now)
        else {
            throw UserError.nameTaken(name)
        }
        user.version = 1
        return user
    }

    /// As a name that is typed leads to an account; nil: it is none.
    package static func normalised(_ name: String) -> String? { UserName.normalised(name) }

    /// In the order of their names.
    package func list() async throws -> RecordList<StoredUser> {
        var users = try await store.users()
        users.sort { $0.name < $1.name }
        return users
    }
}
