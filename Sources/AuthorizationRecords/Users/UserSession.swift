import JSON

/// A browser in which somebody has logged in. It holds a cookie with a secret; the record is found by that secret's
/// digest.
package struct UserSession: Sendable, Equatable {
    /// `SecretDigest` of what is in the cookie; also `sid` in ID tokens is derived from it, never the secret.
    package var key: String
    /// Who has logged in.
    package var userID: String
    package var authentication: UserAuthentication
    /// Seconds since 1970: when it ends unless it is used before.
    package var expiresAt: Int64
    /// When it ends however much it is used.
    package var endsAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    /// - Parameter endsAt: nil: it cannot be used for longer than `expiresAt` says now.
    package init(
        key: String, userID: String, authentication: UserAuthentication, expiresAt: Int64, endsAt: Int64? = nil
    ) {
        self.key = key
        self.userID = userID
        self.authentication = authentication
        self.expiresAt = expiresAt
        self.endsAt = endsAt ?? expiresAt
    }

    /// `sid` of OpenID Connect. Not the key itself, by which sessions are found.
    package var sid: String { SecretDigest.text(of: "sid:" + key) }

    package var record: StoredRecord {
        var record = StoredRecord(
            .session, key, expiresAt: expiresAt, subject: userID,
            body: ["authentication": authentication.json, "ends_at": .integer(endsAt)])
        record.version = version
        return record
    }

    /// nil: the record is not a session, or is damaged.
    package init?(_ record: StoredRecord) {
        guard record.kind == .session, let userID = record.subject, let expiresAt = record.expiresAt,
            let authentication = record.body["authentication"]?.object.flatMap(UserAuthentication.init)
        else { return nil }
        self.init(
            key: record.key, userID: userID, authentication: authentication, expiresAt: expiresAt,
            endsAt: record.body["ends_at"]?.int)
        version = record.version
    }
}
