package import JSON

/// An authorization request that waits for a user: to log in, to agree, or both.
///
/// The authorization endpoint makes it once the request is known to be good, and sends the browser to the log-in or the
/// consent page with its id; these pages note what the user did and send the browser back to the authorization
/// endpoint, which alone decides what comes next. So pages know nothing of OAuth, and the endpoint nothing of
/// passwords.
package struct Interaction: Sendable, Equatable {
    /// 256 random bits in base64url, in the URL of the pages as `interaction`. The record has only its digest.
    package var id: String
    /// The client that sent the browser.
    package var clientID: String
    /// The authorization request, as the endpoint judged it; opaque to pages, but for `scope`.
    package var request: JSONObject
    /// Digest of the secret in the cookie of the browser that began it: no other browser may go on with it (log-in
    /// CSRF).
    package var browserKey: String
    /// Who logged in in its course; nil: nobody yet.
    package var userID: String?
    /// When and how that user logged in; nil: nobody has yet.
    package var authentication: UserAuthentication?
    /// The user has to type the password again, whatever session there is (`prompt=login`, `max_age`).
    package var demandsLogin = false
    /// What the user answered on the consent page; nil: not asked yet.
    package var consent: Consent?
    /// The user came back from the provider without having logged in, and has nothing else to do here; nil: no.
    package var logInRefusal: LogInRefusal?
    /// Seconds since 1970.
    package var expiresAt: Int64
    /// Of its record: 0 when it is not stored.
    package var version: Int64 = 0

    /// What the provider said (RFC 6749 §4.1.2.1, OpenID Connect Core Unmet Authentication Requirements).
    package enum LogInRefusal: String, Sendable {
        case denied = "access_denied"
        case unmet = "unmet_authentication_requirements"
    }
    /// What the user answered. Which scopes they were is in the request.
    package enum Consent: String, Sendable { case given, refused }

    package init(id: String, clientID: String, request: JSONObject, browserKey: String, expiresAt: Int64) {
        self.id = id
        self.clientID = clientID
        self.request = request
        self.browserKey = browserKey
        self.expiresAt = expiresAt
    }

    package var record: StoredRecord {
        var body: JSONObject = ["request": .object(request), "browser": .string(browserKey)]
        body["authentication"] = authentication?.json
        if demandsLogin { body["demands_login"] = true }
        body["login_refused"] = logInRefusal.map { .string($0.rawValue) }
        body["consent"] = consent.map { .string($0.rawValue) }
        var record = StoredRecord(
            .interaction, RandomText.interaction.key(of: id), expiresAt: expiresAt, client: clientID, subject: userID,
            body: body
        )
        record.version = version
        return record
    }

    /// - Parameter id: what the record was found by.
    package init?(_ record: StoredRecord, id: String) {
        let body = record.body
        guard record.kind == .interaction, let clientID = record.client, let expiresAt = record.expiresAt,
            let request = body["request"]?.object, let browserKey = body["browser"]?.string,
            let demandsLogin = body.flag("demands_login")
        else { return nil }
        self.init(id: id, clientID: clientID, request: request, browserKey: browserKey, expiresAt: expiresAt)
        userID = record.subject
        authentication = body["authentication"]?.object.flatMap(UserAuthentication.init)
        self.demandsLogin = demandsLogin
        consent = body["consent"]?.string.flatMap(Consent.init)
        logInRefusal = body["login_refused"]?.string.flatMap(LogInRefusal.init)
        version = record.version
    }
}
