package import JSON

/// What a record is about. The raw value names it in stores, so it never changes.
package enum RecordKind: String, Sendable, CaseIterable {
    case client, user, grant
    /// Leads from what a user types to the account.
    case userName = "user_name"
    case authorizationCode = "authorization_code"
    case refreshToken = "refresh_token"
    /// RFC 9126.
    case pushedRequest = "pushed_request"
    /// RFC 8628, by the device's code; `userCode` leads there by the user's.
    case deviceCode = "device_code"
    case userCode = "user_code"
    /// A browser in which somebody has logged in, and a log-in or consent that is under way in one.
    case session, interaction
    /// An application that is logged in by a session; sessions that have ended, and those that they followed; an application
    /// that has to be told.
    case loggedInClient = "logged_in_client"
    case endedSession = "ended_session"
    case sessionLink = "session_link"
    case logoutNotice = "logout_notice"
    /// Leads from a user of an OpenID provider to the account.
    case identity
    /// Lets whoever has the link set a password, once.
    case accountLink = "account_link"
    /// A log-in there that is under way.
    case providerLogIn = "provider_log_in"
    /// What must be seen once only, such as a `jti`.
    case replay
    /// What counts no longer although its own end has not come: tokens, grants, clients, subjects.
    case revocation
    /// RFC 7592.
    case registrationToken = "registration_token"
    case signingKey = "signing_key"
    /// What a user shows besides the password (`StoredFactor`).
    case factor
    /// Secret octets of the server's own, by their purpose.
    case serverKey = "server_key"
}

/// One thing that the authorization server keeps. Everything is kept in this one form, so that a store has five
/// operations, however many kinds of things there are; what the body means is known to the type that reads it.
package struct StoredRecord: Sendable, Equatable {
    package var kind: RecordKind
    /// Unique within its kind. Of a secret only ever its `SecretDigest`.
    package var key: String
    /// How often it has been written, from 1. Whoever replaces a record says which version was read.
    package var version: Int64
    /// Grows with every write to the store, over all kinds: who has seen everything up to one number asks for what is
    /// behind.
    package var sequence: Int64
    /// Seconds since 1970; from then on it is as good as absent, and is removed some day. nil: it stays.
    package var expiresAt: Int64?
    /// Whose it is, as far as that applies: what is searched by.
    package var client: String?
    /// `sub` of the user or the client that it is about.
    package var subject: String?
    /// Id of the grant that it comes from, and ends with.
    package var grant: String?
    /// What only its kind understands.
    package var body: JSONObject

    /// A record that is not stored yet.
    package init(
        _ kind: RecordKind, _ key: String, expiresAt: Int64? = nil, client: String? = nil, subject: String? = nil,
        grant: String? = nil,
        body: JSONObject
    ) {
        self.init(
            kind, key, version: 0, sequence: 0, expiresAt: expiresAt, client: client, subject: subject, grant: grant,
            body: body)
    }

    /// A record as a store read it.
    package init(
        _ kind: RecordKind, _ key: String, version: Int64, sequence: Int64, expiresAt: Int64?, client: String?,
        subject: String?,
        grant: String?, body: JSONObject
    ) {
        self.kind = kind
        self.key = key
        self.version = version
        self.sequence = sequence
        self.expiresAt = expiresAt
        self.client = client
        self.subject = subject
        self.grant = grant
        self.body = body
    }

    /// Whether its end has come.
    package func isExpired(at now: Int64) -> Bool { expiresAt.map { now >= $0 } ?? false }
}

/// Which records are meant.
package struct RecordQuery: Sendable, Equatable {
    package var kind: RecordKind
    /// nil: of any client, or of none.
    package var client: String?
    /// nil: of any subject, or of none.
    package var subject: String?
    /// nil: of any grant, or of none.
    package var grant: String?
    /// Only those from which no grant has come (of codes: those that have not been redeemed).
    package var isWithoutGrant = false
    /// Only keys behind this one, octet by octet. For paging.
    package var afterKey: String?
    /// Only what was written after this number; then in the order of writing, else in the order of keys.
    package var afterSequence: Int64?

    package init(
        _ kind: RecordKind, client: String? = nil, subject: String? = nil, grant: String? = nil,
        afterKey: String? = nil,
        afterSequence: Int64? = nil
    ) {
        self.kind = kind
        self.client = client
        self.subject = subject
        self.grant = grant
        self.afterKey = afterKey
        self.afterSequence = afterSequence
    }
}

/// One change of a store, with what must be true for it.
package enum StoreChange: Sendable, Equatable {
    /// There is none of this kind and key, or only an expired one, which it replaces.
    case insert(StoredRecord)
    /// The stored one has this record's version. The new one has the next.
    case replace(StoredRecord)
    /// Nothing changes, but the stored one must have this version.
    case expect(RecordKind, key: String, version: Int64)
    /// With a version: the stored one must have it. Without: also where there is none.
    case remove(RecordKind, key: String, version: Int64? = nil)
    /// All that the query means, however many.
    case removeAll(RecordQuery)
    /// If the query means more than `above`, those that were written longest ago go until `keeping` are left. Only they: a grant
    /// has to be ended (`Revoker`).
    case removeOldest(RecordQuery, above: Int, keeping: Int)
}
