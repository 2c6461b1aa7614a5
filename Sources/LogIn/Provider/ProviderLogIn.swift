import AuthorizationRecords
import Crypto
import JOSE
import JSON
import Octets

/// A log-in at the provider that is under way: which one of our pages' interactions it is for, and in which browser.
///
/// It is found by the digest of `state`. Neither `state`, nor `nonce`, nor the verifier is stored: the last two follow
/// from `state` and the secret in the browser's cookie (`ProviderSecrets`), so that nobody can go on with it elsewhere.
struct ProviderLogIn: Sendable, Equatable {
    let key: String
    /// It opens nothing without the browser's cookie.
    let interactionID: String
    let clientID: String
    /// Digest of the secret in the cookie of the browser that began it.
    let browserKey: String
    /// Issuer identifier of the provider that was asked.
    let issuer: String
    /// Seconds since 1970.
    let beganAt: Int64
    /// How long before that the user may have logged in there; 0: it has to be done again, nil: whenever.
    let maxAge: Int64?
    /// The provider was asked to have the user log in again, and not told to say when that was.
    let demandsLogin: Bool
    let expiresAt: Int64
    /// Who began it, to bound how many are under way; nil: not counted.
    let sender: RequestSender?
    /// Of its record: 0 when it is not stored.
    var version: Int64 = 0

    init(state: String, _ interaction: Interaction, issuer: String, now: Int64, sender: RequestSender? = nil) {
        key = RandomText.providerState.key(of: state)
        interactionID = interaction.id
        clientID = interaction.clientID
        browserKey = interaction.browserKey
        self.issuer = issuer
        beganAt = now
        maxAge = interaction.logInAgeMax
        demandsLogin = interaction.request?.prompts.contains(.login) ?? false
        expiresAt = interaction.expiresAt
        self.sender = sender
    }

    var record: StoredRecord {
        var body: JSONObject = [
            "interaction": .string(interactionID), "browser": .string(browserKey), "issuer": .string(issuer),
            "began_at": .integer(beganAt),
        ]
        body["max_age"] = maxAge.map { .integer($0) }
        if demandsLogin { body["demands_login"] = true }
        var record = StoredRecord(.providerLogIn, key, expiresAt: expiresAt, client: clientID, body: body)
        record.mark(sender)
        record.version = version
        return record
    }

    init?(_ record: StoredRecord) {
        let body = record.body
        guard record.kind == .providerLogIn, let client = record.client, let expiresAt = record.expiresAt,
            let interaction = body["interaction"]?.string, let browser = body["browser"]?.string,
            let issuer = body["issuer"]?.string,
            let beganAt = body["began_at"]?.int, let demandsLogin = body.flag("demands_login")
        else { return nil }
        key = record.key
        interactionID = interaction
        clientID = client
        browserKey = browser
        self.issuer = issuer
        self.beganAt = beganAt
        maxAge = body["max_age"]?.int
        self.demandsLogin = demandsLogin
        self.expiresAt = expiresAt
        sender = record.sender
        version = record.version
    }

    /// Used: once, by whoever comes first.
    var use: StoreChange { .remove(.providerLogIn, key: key, version: version) }
}

/// What ties an answer of the provider to one browser and one log-in: each follows from the other two, and only the
/// browser has its secret.
struct ProviderSecrets: Sendable {
    /// OpenID Connect Core §3.1.2.1: ties the ID token to this log-in.
    let nonce: String
    /// RFC 7636 §4.1: ties the code to it.
    let verifier: String

    init(_ browser: BrowserCookie, state: String) {
        func text(_ purpose: String) -> String {
            let message = Array("portcullis provider \(purpose)\n\(state)".utf8)
            return Base64URL.encode(
                Array(
                    HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: Array(browser.secret.utf8)))
                ))
        }
        nonce = text("nonce")
        verifier = text("verifier")
    }
}
