import AuthorizationRecords
import JSON

/// An authorization code (RFC 6749 §4.1.2): what was asked for, and who said yes. Of the code itself there is only a
/// digest.
struct AuthorizationCode: Sendable {
    /// FAPI 2.0 §5.3.2.1: 60 at most.
    static let lifetimeSeconds: Int64 = 60
    /// So long a used one is remembered, so that its second use is seen for what it is (RFC 6749 §4.1.2).
    static let rememberedSeconds: Int64 = 86_400

    let key: String
    let request: AuthorizationRequest
    let user: LoggedInUser
    /// Seconds since 1970.
    let goodUntil: Int64
    /// The grant that came of it; nil: it has not been used.
    var grantID: String?
    var expiresAt: Int64
    var version: Int64 = 0

    init(code: String, request: AuthorizationRequest, user: LoggedInUser, now: Int64) {
        key = RandomText.authorizationCode.key(of: code)
        self.request = request
        self.user = user
        goodUntil = now + Self.lifetimeSeconds
        expiresAt = goodUntil
    }

    /// Used, by a grant.
    func used(by grant: Grant, now: Int64) -> AuthorizationCode {
        var code = self
        code.grantID = grant.id
        code.expiresAt = now + Self.rememberedSeconds
        return code
    }

    var record: StoredRecord {
        var body: JSONObject = [
            "request": .object(request.json), "authentication": user.authentication.json,
            "good_until": .integer(goodUntil),
        ]
        body["sid"] = user.sessionID.map { .string($0) }
        if grantID != nil { body["used"] = true }
        var record = StoredRecord(
            .authorizationCode, key, expiresAt: expiresAt, client: request.clientID, subject: user.userID,
            grant: grantID, body: body)
        record.version = version
        return record
    }

    init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .authorizationCode, let client = record.client, let userID = record.subject,
            let expiresAt = record.expiresAt,
            let request = body["request"]?.object.flatMap({ AuthorizationRequest($0, clientID: client) }),
            let authentication = body["authentication"]?.object.flatMap(UserAuthentication.init),
            let goodUntil = body["good_until"]?.int
        else { return nil }
        key = record.key
        self.request = request
        user = LoggedInUser(userID: userID, authentication: authentication, sessionID: body["sid"]?.string)
        self.goodUntil = goodUntil
        grantID = record.grant
        self.expiresAt = expiresAt
        version = record.version
    }
}
