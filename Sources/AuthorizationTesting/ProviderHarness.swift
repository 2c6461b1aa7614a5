import HTTP
import JOSE
import JSON
import Octets
import Policy
import Synchronization

@testable import AuthorizationRecords
@testable import LogIn

/// A provider that says what a test wants it to say.
final class StubProvider: IdentityProvider {
    static let issuer = "https://id.example"
    static let clientID = "K-portcullis"
    static let label = "Example staff"

    struct State: Sendable {
        var facts: ProviderFacts? = ProviderFacts(
            issuer: StubProvider.issuer, authorizationEndpoint: "https://id.example/authorize?tenant=a",
            sendsIssuer: true, algorithms: [.es256],
            clockSkewSeconds: 60)
        var keys: JWKSet?
        /// Of the token endpoint; nil: it does not answer.
        var reply: OutgoingAnswer?
        var userInfo: OutgoingAnswer?
        var admits = true
        /// What was to be redeemed.
        var codes: [ProviderCode] = []
        var userInfoTokens: [String] = []
    }
    let key: SigningKey
    let state: Mutex<State>

    init() throws {
        key = try SigningKey.generate(.es256)
        state = Mutex(State(keys: JWKSet([key.verificationKey])))
    }

    func set(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }
    var codes: [ProviderCode] { state.withLock { $0.codes } }
    var userInfoTokens: [String] { state.withLock { $0.userInfoTokens } }

    func facts() async -> ProviderFacts? { state.withLock { $0.facts } }
    func keys(for kid: String?) async -> JWKSet? { state.withLock { $0.keys } }
    func admits(_ claims: JSONObject) -> Bool { state.withLock { $0.admits } }

    func redeem(_ code: ProviderCode) async -> OutgoingAnswer? {
        state.withLock { state in
            state.codes.append(code)
            return state.reply
        }
    }

    func userInfo(_ accessToken: String) async -> OutgoingAnswer? {
        state.withLock { state in
            state.userInfoTokens.append(accessToken)
            return state.userInfo
        }
    }
}

extension OutgoingAnswer {
    static func json(_ status: Int, _ members: JSONObject) -> OutgoingAnswer {
        OutgoingAnswer(
            status: status, contentType: "application/json;charset=UTF-8", body: JSON.object(members).serialized())
    }
}

/// Users who log in at a provider, up to the page from which the browser leaves, and from when it comes back.
struct ProviderHarness: Sendable {
    static let accessToken = "access-token-of-the-provider"

    /// The browser on its way to the provider.
    struct Departure: Sendable {
        let interaction: String
        let endpoint: String
        let parameters: [String: String]
        subscript(name: String) -> String { parameters[name] ?? "" }
    }

    let users: LogInHarness
    let provider: StubProvider
    let browser: Browser

    init(
        passwords: Bool = false, signsUp: Bool = true, scopes: [String] = LogInProvider.standardScopes,
        users rules: UserRules = UserRules()
    ) async throws {
        provider = try StubProvider()
        var own = LogInProvider(
            issuer: "staff", label: StubProvider.label, clientID: StubProvider.clientID,
            authentication: .secretBasic(.environment("SECRET")))
        own.signsUp = signsUp
        own.scopes = scopes
        var settings = LogInSettings()
        settings.passwords = passwords
        settings.provider = own
        users = try await LogInHarness(logIn: settings, provider: provider, users: rules)
        browser = users.browser()
    }

    /// - Parameter request: of the client.
    func leave(_ browser: Browser? = nil, request: JSONObject = [:], now: Int64 = newYear2026) async throws -> Departure
    {
        let browser = browser ?? self.browser
        let id = try await users.interaction(for: browser, request: request, now: now)
        return try Self.departure(await browser.get("/oauth2/login", "interaction=\(id)", now: now), id)
    }

    static func departure(_ page: Shown, _ id: String) throws -> Departure {
        guard let target = page.refresh, let mark = target.lastIndex(of: "?") else { throw HarnessError() }
        let pairs = try FormFields(Array(target[target.index(after: mark)...].utf8)).pairs
        return Departure(
            interaction: id, endpoint: String(target[..<mark]),
            parameters: Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { "\($0) \($1)" }))
    }

    /// An ID token for a log-in; what is changed to null is left out.
    func idToken(
        _ departure: Departure, _ changes: JSONObject = [:], header: JSONObject = ["typ": "JWT"],
        key: SigningKey? = nil, now: Int64 = newYear2026
    ) throws -> String {
        var claims: JSONObject = [
            "iss": .string(StubProvider.issuer), "sub": "u-1", "aud": .string(StubProvider.clientID),
            "iat": .integer(now), "exp": .integer(now + 300),
            "nonce": .string(departure["nonce"]), "name": "Ada L.", "preferred_username": "ada",
            "email": "ada@example.com",
            "email_verified": true, "auth_time": .integer(now - 30), "acr": "urn:example:mfa", "amr": ["pwd", "otp"],
        ]
        for (name, value) in changes.members { claims[name] = value.isNull ? Optional<JSON>.none : value }
        return try (key ?? provider.key).sign(header: header, claims: claims)
    }

    /// The browser comes back, with an answer that is good but for what is changed; nil leaves a parameter out.
    func comeBack(
        _ departure: Departure, _ browser: Browser? = nil, _ changes: [String: String?] = [:], now: Int64 = newYear2026
    ) async -> Shown {
        var parameters: [String: String?] = ["code": "c0de", "state": departure["state"], "iss": StubProvider.issuer]
        parameters.merge(changes) { $1 }
        let query = parameters.compactMap { name, value in value.map { name + "=" + PercentEncoding.encoded($0) } }
            .joined(separator: "&")
        return await (browser ?? self.browser).get("/oauth2/login/callback", query, now: now)
    }

    /// From the page to the end, with this ID token.
    @discardableResult func logIn(
        _ claims: JSONObject = [:], request: JSONObject = [:], browser: Browser? = nil, now: Int64 = newYear2026
    ) async throws -> (departure: Departure, answer: Shown) {
        let departure = try await leave(browser, request: request, now: now)
        answer(try idToken(departure, claims, now: now))
        return (departure, await comeBack(departure, browser, now: now))
    }

    /// What the provider's token endpoint says from now on.
    func answer(_ idToken: String, accessToken: String? = ProviderHarness.accessToken) {
        var members: JSONObject = ["id_token": .string(idToken), "token_type": "Bearer"]
        members["access_token"] = accessToken.map { .string($0) }
        let reply = OutgoingAnswer.json(200, members)
        provider.set { $0.reply = reply }
    }

    /// The accounts that the provider's users have.
    func accounts() async throws -> [StoredUser] {
        try await users.store.users().whole().filter { $0.identity != nil }
    }

    /// Whether somebody is logged in in a browser.
    func isLoggedIn(_ browser: Browser? = nil) -> Bool { (browser ?? self.browser)[SessionReader.cookieName] != nil }
}
