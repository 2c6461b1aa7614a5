import JSON

/// An application that got an ID token for a browser session, and wants to hear of its end (OpenID Connect Back-Channel
/// Logout 1.0 §2.7). It stays known when its grant is over: the application has a session of its own.
package struct LoggedInClient: Sendable, Equatable {
    /// Longer than any session lasts (`session_lifetime`), counted from the last ID token.
    package static let secondsMax: Int64 = 31 * 86_400
    /// Of one user; the oldest make room.
    package static let perUser = 1_000

    /// The application.
    package var clientID: String
    /// Who is logged in.
    package var userID: String
    /// `sid` of the session.
    package var sessionID: String
    /// Seconds since 1970.
    package var expiresAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0
    /// Of its record.
    package private(set) var sequence: Int64 = 0

    /// - Parameter now: seconds since 1970.
    package init(clientID: String, userID: String, sessionID: String, now: Int64) {
        self.clientID = clientID
        self.userID = userID
        self.sessionID = sessionID
        expiresAt = now &+ Self.secondsMax
    }

    /// The same application in the same session is one. No client's id has a space in it.
    private var key: String { SecretDigest.text(of: "\(clientID) in \(sessionID)") }

    package var record: StoredRecord {
        var record = StoredRecord(
            .loggedInClient, key, expiresAt: expiresAt, client: clientID, subject: userID, grant: sessionID, body: [:])
        record.version = version
        return record
    }

    /// nil: the record is none of these, or is damaged.
    package init?(_ record: StoredRecord) {
        guard record.kind == .loggedInClient, let client = record.client, let user = record.subject,
            let expiresAt = record.expiresAt, let session = record.grant
        else { return nil }
        self.init(clientID: client, userID: user, sessionID: session, now: 0)
        self.expiresAt = expiresAt
        version = record.version
        sequence = record.sequence
    }

    /// For `commit`: it has got an ID token, for the first time or once more.
    package var changes: [StoreChange] {
        [
            .remove(.loggedInClient, key: key), .insert(record),
            .removeOldest(
                RecordQuery(.loggedInClient, subject: userID), above: Self.perUser, keeping: Self.perUser),
        ]
    }
}
