import JSON

/// What a link lets whoever opens it do once: with an account, or to begin one. The link has a secret, of which the record
/// has only the digest, by which it is found.
package struct AccountLink: Sendable, Equatable {
    /// What the link is for. The raw value stands in records.
    package enum Purpose: String, Sendable, CaseIterable {
        /// Gives an account that an operator has made its first password.
        case invitation
        /// Gives an account another password.
        case reset
        /// Shows that a new e-mail address is the user's.
        case email
        /// Begins an account with the address that the link was sent to.
        case signUp = "sign_up"
    }

    /// `RandomText.accountLink`, its digest.
    package let key: String
    package let purpose: Purpose
    /// The account; nil: there is none yet (`signUp`).
    package let userID: String?
    /// The address that is shown to be the user's by using the link; nil: it was handed over in another way.
    package let email: String?
    /// Seconds since 1970.
    package let expiresAt: Int64
    /// Who asked for a link without an account, to bound what they ask for.
    package let sender: RequestSender?
    /// Of its record: 0 when it is not stored.
    package internal(set) var version: Int64 = 0

    /// - Parameter secret: `RandomText.accountLink`, which stands in the link only.
    package init(
        secret: String, _ purpose: Purpose, userID: String?, email: String? = nil, expiresAt: Int64,
        sender: RequestSender? = nil
    ) {
        key = RandomText.accountLink.key(of: secret)
        self.purpose = purpose
        self.userID = userID
        self.email = email
        self.expiresAt = expiresAt
        self.sender = sender
    }

    package var record: StoredRecord {
        var body: JSONObject = ["purpose": .string(purpose.rawValue)]
        body["email"] = email.map { .string($0) }
        var record = StoredRecord(.accountLink, key, expiresAt: expiresAt, subject: userID, body: body)
        if userID == nil { record.mark(sender) }
        record.version = version
        return record
    }

    /// nil: the record is not a link, or is damaged.
    package init?(_ record: StoredRecord) {
        guard record.kind == .accountLink, let expiresAt = record.expiresAt,
            let purpose = record.body["purpose"]?.string.flatMap(Purpose.init),
            (record.user == nil) == (purpose == .signUp)
        else { return nil }
        key = record.key
        self.purpose = purpose
        userID = record.user
        email = record.body["email"]?.string
        self.expiresAt = expiresAt
        sender = record.sender
        version = record.version
    }

    /// Used: once, by whoever comes first.
    package var use: StoreChange { .remove(.accountLink, key: key, version: version) }

    /// Stores it as the only one of its user: whoever has an older one has nothing.
    package var replacingOthers: [StoreChange] {
        (userID.map { [.removeAll(RecordQuery(.accountLink, subject: $0))] } ?? []) + [.insert(record)]
    }

    /// Links of one user at most that nobody but the user's mailbox vouches for: so that who asks for them cannot take away
    /// the one that the user is about to open.
    package static let perUser = 3

    /// Stores it beside some others of its user.
    package var besideOthers: [StoreChange] {
        guard let userID else { return [.insert(record)] }
        return [
            .insert(record),
            .removeOldest(RecordQuery(.accountLink, subject: userID), above: Self.perUser, keeping: Self.perUser),
        ]
    }
}
