import JSON

/// A device that waits for a user to let it in (RFC 8628 §3.2). It has the device code, the user types the user
/// code; the store has digests of both.
package struct DeviceRequest: Sendable, Equatable {
    /// How far it has come. Nothing leads back to an earlier state.
    package enum State: Sendable, Equatable {
        /// Nobody has answered yet.
        case pending
        /// A user has let it in; the device has not fetched its tokens yet.
        case approved(Approval)
        case denied
        /// The device has its tokens: they come from this grant.
        case used(grantID: String)
    }

    /// Who let it in, and for what.
    package struct Approval: Sendable, Equatable {
        /// `sub` of the user.
        package var userID: String
        package var authentication: UserAuthentication
        /// All that was asked for, or some of it.
        package var scopes: [String]

        package init(userID: String, authentication: UserAuthentication, scopes: [String]) {
            self.userID = userID
            self.authentication = authentication
            self.scopes = scopes
        }
    }

    /// Digest of the device code.
    package let key: String
    /// Digest of the user code.
    package let userCodeKey: String
    /// The client that the device is.
    package let clientID: String
    /// What it asks for; for the page.
    package let scopes: [String]
    /// What its tokens may be asked for (RFC 8707).
    package let resources: [String]
    /// Seconds since 1970: from then on it is too late to answer, and to ask.
    package let endsAt: Int64
    /// What was answered, if anything was.
    package var state = State.pending
    /// Seconds between two questions of the device at least; grows when it does not keep to it.
    package var intervalSeconds: Int64
    /// When it asked last; nil: not yet.
    package var askedAt: Int64?
    /// Who asked for the codes, to bound how many wait; nil: not counted.
    package var sender: RequestSender?
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    /// Ten minutes to fetch another device and log in (RFC 8628 §3.2, §5.2).
    package static let lifetimeSeconds: Int64 = 600
    /// RFC 8628 §3.2.
    package static let intervalSeconds: Int64 = 5
    /// RFC 8628 §3.5.
    package static let slowDownSeconds: Int64 = 5
    /// So long it is remembered that it is over, so that the device hears so.
    private static let rememberedSeconds: Int64 = 600

    /// A request that begins now: seconds since 1970. Keeps only digests of the two codes.
    package init(
        deviceCode: String, userCode: String, clientID: String, scopes: [String], resources: [String], now: Int64,
        sender: RequestSender? = nil
    ) {
        key = RandomText.deviceCode.key(of: deviceCode)
        userCodeKey = UserCode.key(of: userCode)
        self.clientID = clientID
        self.scopes = scopes
        self.resources = resources
        endsAt = now &+ Self.lifetimeSeconds
        intervalSeconds = Self.intervalSeconds
        self.sender = sender
    }

    /// By the device code.
    package var record: StoredRecord {
        var body: JSONObject = [
            "user_code": .string(userCodeKey), "scopes": .strings(scopes), "resources": .strings(resources),
            "ends_at": .integer(endsAt),
            "interval": .integer(intervalSeconds),
        ]
        body["asked_at"] = askedAt.map { .integer($0) }
        var subject: String?
        var grant: String?
        switch state {
        case .pending: body["state"] = "pending"
        case .denied: body["state"] = "denied"
        case .used(let grantID):
            body["state"] = "used"
            grant = grantID
        case .approved(let approval):
            body["state"] = "approved"
            body["granted"] = .strings(approval.scopes)
            body["authentication"] = approval.authentication.json
            subject = approval.userID
        }
        var record = StoredRecord(
            .deviceCode, key, expiresAt: endsAt &+ Self.rememberedSeconds, client: clientID, subject: subject,
            grant: grant, body: body)
        switch state {
        case .pending, .denied: record.mark(sender)
        case .approved, .used: break
        }
        record.version = version
        return record
    }

    /// By the user code: leads to the one by the device code.
    package var userCodeRecord: StoredRecord {
        var record = StoredRecord(
            .userCode, userCodeKey, expiresAt: endsAt, client: clientID, body: ["device": .string(key)])
        record.mark(sender)
        return record
    }

    /// nil: the record is not one of a device, or is damaged.
    package init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .deviceCode, let client = record.client, let userCodeKey = body["user_code"]?.string,
            let endsAt = body["ends_at"]?.int, let interval = body["interval"]?.int
        else { return nil }
        key = record.key
        self.userCodeKey = userCodeKey
        clientID = client
        scopes = body.strings("scopes")
        resources = body.strings("resources")
        self.endsAt = endsAt
        intervalSeconds = interval
        askedAt = body["asked_at"]?.int
        sender = record.sender
        version = record.version
        switch body["state"]?.string {
        case "pending": state = .pending
        case "denied": state = .denied
        case "used": state = .used(grantID: record.grant ?? "")
        case "approved":
            guard let user = record.user,
                let authentication = body["authentication"]?.object.flatMap(UserAuthentication.init)
            else { return nil }
            state = .approved(Approval(userID: user, authentication: authentication, scopes: body.strings("granted")))
        default: return nil
        }
    }
}
