package import JSON

/// What somebody has agreed to: this client may do this for that subject, until then. Codes lead to one, refresh tokens
/// and access tokens come from one, and all of them end with it.
package struct Grant: Sendable, Equatable {
    /// 128 random bits in base64url; in access tokens as `grant_id`.
    package var id: String
    /// Who may use it.
    package var clientID: String
    /// The user's id, or the client's own.
    package var subject: String
    /// What was granted; a token may have fewer.
    package var scopes: [String]
    /// What tokens may be asked for (RFC 8707); empty: for the default audience.
    package var resources: [String]
    /// RFC 9396 §2, as it was agreed to.
    package var authorizationDetails: JSON?
    /// When and how the user logged in: `auth_time`, `acr`, `amr`.
    package var authentication: UserAuthentication?
    /// `nonce` of OpenID Connect.
    package var nonce: String?
    /// Claims that were asked for one by one; nil: none.
    package var claims: ClaimsRequest?
    /// `sid` of OpenID Connect: the browser session in which it was agreed to.
    package var sessionID: String?
    /// What its refresh tokens are bound to; nil: to nothing but the client.
    package var binding: SenderBinding?
    /// Seconds since 1970.
    package var createdAt: Int64
    /// When the last refresh token ends whatever happens (its absolute end).
    package var expiresAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    package init(
        id: String, clientID: String, subject: String, scopes: [String], resources: [String], createdAt: Int64,
        expiresAt: Int64
    ) {
        self.id = id
        self.clientID = clientID
        self.subject = subject
        self.scopes = scopes
        self.resources = resources
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    package var record: StoredRecord {
        var body: JSONObject = [
            "scopes": .strings(scopes), "resources": .strings(resources), "created_at": .integer(createdAt),
        ]
        body["authorization_details"] = authorizationDetails
        body["authentication"] = authentication?.json
        body["nonce"] = nonce.map { .string($0) }
        body["claims"] = claims?.json
        body["sid"] = sessionID.map { .string($0) }
        body["cnf"] = binding.map { .object($0.confirmation) }
        var record = StoredRecord(
            .grant, id, expiresAt: expiresAt, client: clientID, subject: subject, grant: id, body: body)
        record.version = version
        return record
    }

    /// nil: the record is not a grant, or is damaged. One whose `cnf` cannot be read is damaged, not unbound.
    package init?(_ record: StoredRecord) {
        let body = record.body
        let binding = body["cnf"].map { $0.object.flatMap(SenderBinding.init) }
        let claims = body["claims"].map { ClaimsRequest($0) }
        guard record.kind == .grant, binding != .some(nil), claims != .some(nil), let client = record.client,
            let subject = record.subject,
            let expiresAt = record.expiresAt,
            let createdAt = body["created_at"]?.int
        else { return nil }
        self.init(
            id: record.key, clientID: client, subject: subject, scopes: body.strings("scopes"),
            resources: body.strings("resources"),
            createdAt: createdAt, expiresAt: expiresAt)
        authorizationDetails = body["authorization_details"]
        authentication = body["authentication"]?.object.flatMap(UserAuthentication.init)
        nonce = body["nonce"]?.string
        self.claims = claims ?? nil
        sessionID = body["sid"]?.string
        self.binding = binding ?? nil
        version = record.version
    }
}

/// When and how a user logged in (RFC 9470, OpenID Connect Core §2).
package struct UserAuthentication: Sendable, Equatable {
    /// Seconds since 1970: `auth_time`; `unknownTime`: nobody has said.
    package var time: Int64
    /// Authentication context class reference; nil: nobody has said.
    package var acr: String?
    /// `amr` (RFC 8176); empty: nobody has said.
    package var methods: [String]

    /// Counts as long ago, and stands in no token.
    package static let unknownTime: Int64 = 0

    package init(time: Int64, acr: String? = nil, methods: [String] = []) {
        self.time = time
        self.acr = acr
        self.methods = methods
    }

    package var json: JSON {
        var members: JSONObject = [:]
        if time != Self.unknownTime { members["auth_time"] = .integer(time) }
        members["acr"] = acr.map { .string($0) }
        if !methods.isEmpty { members["amr"] = .strings(methods) }
        return .object(members)
    }

    /// Reads what `json` has written, and nothing else. nil: it is damaged.
    static func stored(_ object: JSONObject) -> UserAuthentication? {
        do {
            var members = RecordMembers(object)
            let value = UserAuthentication(
                time: try members.optionalInteger("auth_time", in: 1 ... .max) ?? Self.unknownTime,
                acr: try members.optionalText("acr"), methods: try members.texts("amr"))
            try members.end()
            return value
        } catch {
            return nil
        }
    }

    /// Reads what `json` has written, or the same claims of a token, whatever else there is. nil: it is damaged.
    package init?(_ object: JSONObject) {
        let time = object["auth_time"]
        guard time == nil || time?.int != nil else { return nil }
        self.init(time: time?.int ?? Self.unknownTime, acr: object["acr"]?.string, methods: object.strings("amr"))
    }
}

/// What a token can be used with only: a key that is proved (RFC 9449 §6.1), or a certificate that is shown (RFC 8705
/// §3.1).
package struct SenderBinding: Sendable, Equatable {
    /// `jkt`: thumbprint of the key (RFC 7638).
    package var keyThumbprint: String?
    /// `x5t#S256`: SHA-256 of the certificate in base64url.
    package var certificateThumbprint: String?

    package init(keyThumbprint: String? = nil, certificateThumbprint: String? = nil) {
        self.keyThumbprint = keyThumbprint
        self.certificateThumbprint = certificateThumbprint
    }

    package var isEmpty: Bool { keyThumbprint == nil && certificateThumbprint == nil }

    /// As the claim `cnf` has it (RFC 7800 §3.1).
    package var confirmation: JSONObject {
        var members: JSONObject = [:]
        members["jkt"] = keyThumbprint.map { .string($0) }
        members["x5t#S256"] = certificateThumbprint.map { .string($0) }
        return members
    }

    /// Reads what `confirmation` has written. nil: it binds to nothing that is known here.
    package init?(_ confirmation: JSONObject) {
        self.init(keyThumbprint: confirmation["jkt"]?.string, certificateThumbprint: confirmation["x5t#S256"]?.string)
        if isEmpty { return nil }
    }
}
