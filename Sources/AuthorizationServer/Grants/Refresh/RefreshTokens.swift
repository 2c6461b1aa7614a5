import AuthorizationRecords
import JSON

/// How long refresh tokens last, and when they are replaced.
enum RefreshRules {
    /// Not used for so long: over.
    static let idleSeconds: Int64 = 14 * 86_400
    /// After this the user logs in again, whatever happened.
    static let absoluteSeconds: Int64 = 90 * 86_400
    /// Of a grant whose client has no refresh tokens: so long the user is not asked again.
    static let withoutRefreshSeconds: Int64 = 86_400
    /// A client whose connection broke may come again with the token that it no longer should have, until its successor
    /// is used: from then on the client has had the answer.
    static let graceSeconds: Int64 = 30
    /// So many requests within the grace.
    static let repetitionsMax = 3
    /// Requests that were under way at the same time are one, however many: they are not counted.
    static let burstSeconds: Int64 = 5
    /// The end of a token that is not replaced moves at most so often.
    static let renewalSeconds: Int64 = 86_400

    /// Whether a token is due to be replaced. Public clients: always (RFC 9700 §2.2.2). Confidential ones whose tokens
    /// are bound: never (FAPI 2.0 §5.3.2.1). Others: when 70 % of its time is over.
    static func isDue(_ token: RefreshToken, client: RegisteredClient, isBound: Bool, now: Int64) -> Bool {
        if client.isPublic { return true }
        return !isBound && now - token.issuedAt >= idleSeconds / 10 * 7
    }
}

/// A refresh token as it is stored (RFC 6749 §1.5): by digest, never in clear.
struct RefreshToken: Sendable, Equatable {
    /// What became of it.
    struct Rotation: Sendable, Equatable {
        /// Seconds since 1970.
        var at: Int64
        /// The token that replaced it, readable with the replaced one only (`SealedSuccessor`).
        var successor: String
        /// How often it came again, after the burst.
        var repetitions: Int
    }

    var key: String
    var clientID: String
    var subject: String
    var grantID: String
    /// Seconds since 1970.
    var issuedAt: Int64
    var expiresAt: Int64
    var rotation: Rotation?
    /// Of one that replaced another: whether anything was obtained with it. nil: it replaced none.
    var isUsed: Bool?
    var version: Int64 = 0

    /// - Parameter isSuccessor: it replaces another.
    init(text: String, grant: Grant, isSuccessor: Bool = false, now: Int64) {
        key = RandomText.refreshToken.key(of: text)
        clientID = grant.clientID
        subject = grant.subject
        grantID = grant.id
        issuedAt = now
        isUsed = isSuccessor ? false : nil
        expiresAt = min(now + RefreshRules.idleSeconds, grant.expiresAt)
    }

    /// Whether something came of it: it was replaced, or is another's successor that was used.
    var hasBeenUsed: Bool { rotation != nil || isUsed == true }

    var record: StoredRecord {
        var body: JSONObject = ["issued_at": .integer(issuedAt)]
        body["rotation"] = rotation.map {
            ["at": .integer($0.at), "successor": .string($0.successor), "repetitions": .integer(Int64($0.repetitions))]
        }
        body["used"] = isUsed.map { .bool($0) }
        var record = StoredRecord(
            .refreshToken, key, expiresAt: expiresAt, client: clientID, subject: subject, grant: grantID, body: body)
        record.version = version
        return record
    }

    init?(_ record: StoredRecord) {
        guard record.kind == .refreshToken, let client = record.client, let subject = record.subject,
            let grant = record.grant,
            let expiresAt = record.expiresAt, let issuedAt = record.body["issued_at"]?.int
        else { return nil }
        key = record.key
        clientID = client
        self.subject = subject
        grantID = grant
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        version = record.version
        // One that cannot be read was used.
        isUsed = record.body["used"].map { $0.bool ?? true }
        guard let stored = record.body["rotation"] else { return }
        // One that cannot be read was replaced all the same.
        let rotation = stored.object ?? [:]
        self.rotation = Rotation(
            at: rotation["at"]?.int ?? 0, successor: rotation["successor"]?.string ?? "",
            repetitions: rotation["repetitions"]?.int.flatMap(Int.init(exactly:)) ?? .max)
    }
}

/// Makes refresh tokens.
struct RefreshTokens: Sendable {
    func first(for grant: Grant, now: Int64, random: Randomness) -> (text: String, token: RefreshToken) {
        let text = RandomText.refreshToken.make(random)
        return (text, RefreshToken(text: text, grant: grant, now: now))
    }
}
