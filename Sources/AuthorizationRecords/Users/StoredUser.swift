import JSON

/// A user with an account here.
package struct StoredUser: Sendable, Equatable {
    /// `sub` in tokens: 128 random bits, never used again, whatever the user is called.
    package var id: String
    /// What is typed to log in; lower case, unique.
    package var name: String
    /// nil: none is known.
    package var email: String? {
        // Another address is another's until somebody has shown that it is the user's.
        didSet { if email != oldValue { isEmailVerified = false } }
    }
    /// Somebody has shown that the address is the user's: an operator says so, the provider does, or a link that was sent
    /// there was opened. To be set after `email`.
    package var isEmailVerified = false
    /// `name` of the userinfo answer; nil: none is known.
    package var displayName: String?
    /// Of the password (scrypt), in one text with its parameters; nil: none, logs in elsewhere.
    package var passwordHash: String?
    /// Who it is at the OpenID provider that it logs in at; nil: it logs in here.
    package var identity: UserIdentity?
    /// Who may not log in any longer, nor use what was granted.
    package var isDisabled = false
    /// Counts new passwords and disablings: a browser that was known before one of them is known no longer.
    package var epoch: Int64 = 0
    /// Scopes that it may be granted, in place of what everybody may; nil: what everybody may.
    package var may: [String]?
    /// Groups in which an operator has put it.
    package var groups: [String] = []
    /// What operators have noted of it, by name; each has one text or several.
    package var attributes: [String: [String]] = [:]
    /// What the provider said of it at its last log-in; nil: nothing that is needed.
    package var providerClaims: ProviderClaims?
    /// Seconds since 1970.
    package var createdAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    package init(id: String, name: String, createdAt: Int64) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
    }

    /// By its id. `name` is unique because there is a second record by the name (`nameRecord`).
    package var record: StoredRecord {
        var body: JSONObject = ["name": .string(name), "created_at": .integer(createdAt)]
        body["email"] = email.map { .string($0) }
        if isEmailVerified { body["email_verified"] = true }
        body["display_name"] = displayName.map { .string($0) }
        body["password_hash"] = passwordHash.map { .string($0) }
        body["identity"] = identity.map { ["issuer": .string($0.issuer), "subject": .string($0.subject)] }
        if isDisabled { body["disabled"] = true }
        if epoch != 0 { body["epoch"] = .integer(epoch) }
        body["may"] = may.map { .strings($0) }
        if !groups.isEmpty { body["groups"] = .strings(groups) }
        if !attributes.isEmpty { body["attributes"] = Self.document(attributes) }
        body["provider_claims"] = providerClaims?.json
        var record = StoredRecord(.user, id, subject: id, body: body)
        record.version = version
        return record
    }

    /// nil: the record is not a user, or is damaged.
    package init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .user, let name = body["name"]?.string, let createdAt = body["created_at"]?.int,
            let isDisabled = body.flag("disabled"), let isEmailVerified = body.flag("email_verified"),
            let epoch = body["epoch"] == nil ? 0 : body["epoch"]?.int,
            let may = body.optionalStrings("may"), let groups = body.optionalStrings("groups"),
            let attributes = Self.attributes(body["attributes"])
        else { return nil }
        self.init(id: record.key, name: name, createdAt: createdAt)
        email = body["email"]?.string
        self.isEmailVerified = isEmailVerified
        displayName = body["display_name"]?.string
        passwordHash = body["password_hash"]?.string
        if let there = body["identity"]?.object, let issuer = there["issuer"]?.string,
            let subject = there["subject"]?.string
        {
            identity = UserIdentity(issuer: issuer, subject: subject)
        }
        self.isDisabled = isDisabled
        self.epoch = epoch
        self.may = may
        self.groups = groups ?? []
        self.attributes = attributes
        providerClaims = body["provider_claims"]?.object.flatMap(ProviderClaims.init)
        version = record.version
    }

    private static func document(_ attributes: [String: [String]]) -> JSON {
        .object(JSONObject(attributes.sorted { $0.key < $1.key }.map { ($0.key, .strings($0.value)) }))
    }

    /// nil: they are damaged.
    private static func attributes(_ value: JSON?) -> [String: [String]]? {
        guard let value else { return [:] }
        guard let object = value.object else { return nil }
        var attributes: [String: [String]] = [:]
        for (name, value) in object.members {
            guard let texts = value.array?.map(\.string), !texts.contains(nil) else { return nil }
            attributes[name] = texts.compactMap { $0 }
        }
        return attributes
    }

    /// Leads from the name to the account.
    package var nameRecord: StoredRecord { StoredRecord(.userName, name, subject: id, body: [:]) }
}
