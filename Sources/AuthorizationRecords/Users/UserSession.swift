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
    /// When it began; seconds since 1970. nil: it is of a version that did not note it.
    package var createdAt: Int64?
    /// When it was used last, to within some minutes (`SessionReader.renewalSeconds`).
    package var lastUsedAt: Int64?
    /// `User-Agent` at the log-in, as `noted` has it; whoever sends it may write anything there.
    package private(set) var userAgent: String?
    /// IP address that the log-in came from, as the gateway saw it.
    package private(set) var address: String?
    /// `sid` of the session that it continues under another secret; nil: it continues none.
    private var originSID: String?
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

    /// Notes where and when it began.
    /// - Parameter userAgent: of the request; what is not visible ASCII is left out, and what is too long cut.
    package mutating func begin(at now: Int64, userAgent: String?, address: String) {
        createdAt = now
        lastUsedAt = now
        self.userAgent = userAgent.map { Self.noted($0, Self.userAgentBytesMax) }
        self.address = address.isEmpty ? nil : Self.noted(address, Self.addressBytesMax)
    }

    /// Octets that are kept of what a browser says it is.
    package static let userAgentBytesMax = 256
    /// An IPv6 address with a zone has fewer.
    private static let addressBytesMax = 64

    private static func noted(_ text: String, _ most: Int) -> String {
        String(decoding: text.utf8.filter { (0x20...0x7E).contains($0) }.prefix(most), as: UTF8.self)
    }

    /// `sid` of OpenID Connect. Not the key itself, by which sessions are found.
    package var sid: String { originSID ?? Self.sid(ofKey: key) }

    static func sid(ofKey key: String) -> String { SecretDigest.text(of: "sid:" + key) }

    /// The same session under another secret, for a browser that goes on where all others end. Not stored yet.
    package func continued(under key: String) -> UserSession {
        var session = self
        session.originSID = sid
        session.key = key
        session.version = 0
        return session
    }

    package var record: StoredRecord {
        var body: JSONObject = ["authentication": authentication.json, "ends_at": .integer(endsAt)]
        body["created_at"] = createdAt.map { .integer($0) }
        body["last_used_at"] = lastUsedAt.map { .integer($0) }
        body["user_agent"] = userAgent.map { .string($0) }
        body["address"] = address.map { .string($0) }
        body["sid"] = originSID.map { .string($0) }
        var record = StoredRecord(.session, key, expiresAt: expiresAt, subject: userID, body: body)
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
        createdAt = record.body["created_at"]?.int
        lastUsedAt = record.body["last_used_at"]?.int
        userAgent = record.body["user_agent"]?.string
        address = record.body["address"]?.string
        originSID = record.body["sid"]?.string
        version = record.version
    }
}
