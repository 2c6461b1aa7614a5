import JSON

/// A session has ended, and an application has to be told (OpenID Connect Back-Channel Logout 1.0 §2.5). It is
/// stored, so that neither a crash nor a restart loses it, and goes when the application has
/// answered, or nobody tries any longer.
package struct LogoutNotice: Sendable, Equatable {
    /// Seconds after which nobody tries any longer.
    package static let lifetimeSeconds: Int64 = 86_400
    /// Seconds for which a gateway that sends it has it alone: longer than a request takes.
    package static let leaseSeconds: Int64 = 30
    /// Seconds until the next attempt, after each one that failed; when they are used up, nobody tries any longer.
    package static let backoffSeconds: [Int64] = [5, 30, 120, 600, 1_800, 3_600, 10_800]
    /// Of all applications; the oldest make room.
    package static let total = 20_000
    /// For one application; the oldest make room, so that one that does not answer displaces no other's.
    package static let perClient = 5_000

    /// Random.
    package var id: String
    /// The application.
    package var clientID: String
    /// Who was logged in.
    package var userID: String
    /// `sid` of the session that has ended.
    package var sessionID: String
    /// Seconds since 1970.
    package var createdAt: Int64
    /// How often it was sent.
    package var attempts = 0
    /// When it is due; while it is sent, when others may take it for lost.
    package var dueAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    init(_ client: LoggedInClient, now: Int64, random: Randomness) {
        id = RandomText.tokenID.make(random)
        clientID = client.clientID
        userID = client.userID
        sessionID = client.sessionID
        createdAt = now
        dueAt = now
    }

    /// Seconds since 1970: then it is given up, however often it was sent.
    package var expiresAt: Int64 { createdAt &+ Self.lifetimeSeconds }

    package var record: StoredRecord {
        var record = StoredRecord(
            .logoutNotice, id, expiresAt: expiresAt, client: clientID,
            body: [
                "user": .string(userID), "sid": .string(sessionID), "created_at": .integer(createdAt),
                "attempts": .integer(Int64(attempts)), "due_at": .integer(dueAt),
            ])
        record.version = version
        return record
    }

    /// nil: the record is none of these, or is damaged.
    package init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .logoutNotice, let client = record.client, let user = body["user"]?.string,
            let session = body["sid"]?.string, let createdAt = body["created_at"]?.int,
            let attempts = body["attempts"]?.int.flatMap(Int.init(exactly:)), let dueAt = body["due_at"]?.int
        else { return nil }
        id = record.key
        clientID = client
        userID = user
        sessionID = session
        self.createdAt = createdAt
        self.attempts = attempts
        self.dueAt = dueAt
        version = record.version
    }

    /// As it is while this gateway sends it: whoever makes this change first does.
    package func taken(now: Int64) -> LogoutNotice {
        var taken = self
        taken.attempts += 1
        taken.dueAt = now &+ Self.leaseSeconds
        return taken
    }

    /// As it waits after an attempt that failed; nil: it was the last.
    package func postponed(now: Int64) -> LogoutNotice? {
        guard attempts >= 1, attempts <= Self.backoffSeconds.count else { return nil }
        var postponed = self
        postponed.dueAt = now &+ Self.backoffSeconds[attempts - 1]
        return postponed.dueAt < expiresAt ? postponed : nil
    }

    var insertion: [StoreChange] {
        let query = RecordQuery(.logoutNotice, client: clientID)
        return [.insert(record), .removeOldest(query, above: Self.perClient, keeping: Self.perClient)]
    }
}
