import Foundation
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Synchronization

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import LogIn

/// An authorization server with users: an account, a client, and browsers.
struct LogInHarness: Sendable {
    static let password = "correct horse battery staple"
    /// So that tests do not take seconds; what is tested of the cost is which parameters are used.
    static let cheap = PasswordHash.Parameters(costLog2: 4, blockSize: 8, parallelism: 1)

    let store: MemoryStore
    let server: AuthorizationServer
    let directory: UserDirectory
    let administration: Administration
    let random: Randomness
    let user: StoredUser
    /// That ID tokens are signed with.
    let key: SigningKey

    /// - Parameters:
    ///   - provider: at which users log in, as `logIn` says.
    ///   - race: what the server writes through.
    init(
        issuer: String = AuthorizationHarness.issuer, logIn: LogInSettings = LogInSettings(),
        provider: (any IdentityProvider)? = nil, users: UserRules = UserRules(), mail: RememberedMail? = nil,
        racing race: RacingStore? = nil
    ) async throws {
        store = race?.store ?? MemoryStore()
        let counter = Mutex<UInt64>(0)
        random = Randomness { count in
            let value = counter.withLock { counter in
                counter += 1
                return counter
            }
            return (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) : UInt8($0) }
        }
        key = try SigningKey.generate(.es256)
        guard let pepper = SecretPepper(octets: [UInt8](repeating: 7, count: 32)),
            let ring = SigningKeyRing([DatedSigningKey(key: key, signsFrom: newYear2026 - 100)])
        else { throw HarnessError() }
        var settings = AuthorizationServerSettings(
            issuer: try servedIssuer(issuer), database: .sqlite(path: ""), accessTokenLifetime: .seconds(600),
            audience: AuthorizationHarness.audience)
        settings.scopeDescriptions = [
            "orders:read": LocalisedText("Read your orders", byLanguage: ["de": "Ihre Bestellungen lesen"])
        ]
        settings.logIn = logIn
        settings.users = users
        settings.mail = mail?.settings
        let hasher = PasswordHasher(atOnce: 2, parameters: Self.cheap)
        server = AuthorizationServer(
            settings: settings, keys: SigningKeys(ring), pepper: pepper, store: race ?? store, clock: { newYear2026 },
            hasher: hasher, mail: mail,
            provider: provider)
        directory = UserDirectory(store: store, hasher: hasher)
        administration = .forTests(store, pepper, users: users, links: AccountLinkTerms(settings))
        user = try await directory.add(
            name: "Alice", password: Self.password, displayName: "Alice A.", now: newYear2026, random: random)
        try await register(name: "Shop")
    }

    func register(
        _ id: String = "shop", name: String, metadata: JSONObject = [:],
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws {
        var client = RegisteredClient(
            id: id, name: name, grants: [.authorizationCode], authenticationMethods: [.none],
            scopes: ["orders:read", "openid"],
            secrets: [],
            createdAt: newYear2026)
        client.redirectURIs = ["https://shop.example/back"]
        client.metadata = metadata
        change(&client)
        _ = try await store.insert(client, now: newYear2026)
    }

    /// As the authorization endpoint leaves it behind; with `user_code`, as the device page does.
    func interaction(
        for browser: Browser, client: String = "shop", request: JSONObject = [:], user: String? = nil,
        now: Int64 = newYear2026
    ) async throws -> String {
        var all: JSONObject = [
            "scope": "openid orders:read", "redirect_uri": "https://shop.example/back",
            "resource": [.string(AuthorizationHarness.audience)], "code_challenge": .string(CodeFlowHarness.challenge),
        ]
        for (name, value) in request.members { all[name] = value }
        let known = user.map { AuthenticatedUser(id: $0, UserAuthentication(time: now)) }
        let subject: Interaction.Subject
        if let code = request["user_code"]?.string {
            subject = .device(userCode: code, user: known)
        } else {
            guard let request = AuthorizationRequest(all, clientID: client) else { throw HarnessError() }
            subject = .authorization(request, pushed: nil, known.map(Interaction.Progress.loggedIn) ?? .begun)
        }
        let interaction = Interaction(
            id: RandomText.interaction.make(random), clientID: client,
            browserKey: RandomText.browser.key(of: browser.secret), subject: subject, expiresAt: now + 1_800)
        _ = try await store.commit([.insert(interaction.record)], now: now)
        return interaction.id
    }

    func stored(_ id: String) async throws -> Interaction {
        guard
            let interaction = try await store.record(.interaction, RandomText.interaction.key(of: id)).flatMap({
                Interaction($0, id: id)
            })
        else {
            throw HarnessError()
        }
        return interaction
    }

    func change(_ user: StoredUser, _ change: Administration.UserChange, now: Int64 = newYear2026) async throws {
        _ = try await administration.changeUser(user.id, change, now: now, random: random)
    }

    func browser(address: String = "192.0.2.1", userAgent: String? = nil, languages: String? = nil) -> Browser {
        Browser(server: server, random: random, address: address, userAgent: userAgent, languages: languages)
    }

    /// Logs in, and returns the answer to the form.
    @discardableResult func logIn(
        _ browser: Browser, name: String = "alice", password: String = LogInHarness.password, now: Int64 = newYear2026
    ) async throws -> Shown {
        let id = try await interaction(for: browser, now: now)
        let form = await browser.get("/oauth2/login", "interaction=\(id)", now: now)
        return await browser.send(form, ["username": name, "password": password], now: now)
    }
}

/// A browser as far as the server sees one: it keeps cookies, and sends forms with all their hidden fields.
final class Browser: Sendable {
    private let server: AuthorizationServer
    private let random: Randomness
    private let address: String
    private let userAgent: String?
    /// `Accept-Language`
    private let languages: String?
    private let cookies: Mutex<[String: String]>

    init(
        server: AuthorizationServer, random: Randomness, address: String, userAgent: String? = nil,
        languages: String? = nil
    ) {
        self.userAgent = userAgent
        self.languages = languages
        self.server = server
        self.random = random
        self.address = address
        cookies = Mutex([BrowserCookie.name: RandomText.browser.make(random)])
    }

    var secret: String { self[BrowserCookie.name] ?? "" }

    subscript(name: String) -> String? {
        get { cookies.withLock { $0[name] } }
        set { cookies.withLock { $0[name] = newValue } }
    }

    func get(_ path: String, _ query: String? = nil, now: Int64 = newYear2026) async -> Shown {
        await exchange(ServiceRequest(method: "GET", path: path, query: query), now: now)
    }

    /// As a browser whose user wants this language.
    func get(_ path: String, language: String) async -> Shown {
        await exchange(
            ServiceRequest(method: "GET", path: path, fields: [("accept-language", language)]), now: newYear2026)
    }

    /// Sends the form of a page.
    /// - Parameters:
    ///   - values: of its fields, and of the button.
    ///   - fields: as this browser says where the form comes from.
    func send(
        _ page: Shown, _ values: [String: String] = [:], fields: [ServiceRequest.Field]? = nil, now: Int64 = newYear2026
    ) async -> Shown {
        let body = page.hidden.merging(values) { $1 }.map {
            PercentEncoding.encoded($0) + "=" + PercentEncoding.encoded($1)
        }
        .joined(separator: "&")
        return await post(page.action, body, fields: fields, now: now)
    }

    func post(_ path: String, _ body: String, fields: [ServiceRequest.Field]? = nil, now: Int64 = newYear2026) async
        -> Shown
    {
        let origin = fields ?? [("origin", AuthorizationHarness.issuer), ("sec-fetch-site", "same-origin")]
        return await exchange(
            ServiceRequest(
                method: "POST", path: path, fields: origin + [("content-type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8)
            ),
            now: now)
    }

    private func exchange(_ request: ServiceRequest, now: Int64) async -> Shown {
        var request = request
        request.clientAddress = address
        let cookie = cookies.withLock { $0.map { "\($0)=\($1)" }.joined(separator: "; ") }
        request.fields.append(("cookie", cookie))
        if let userAgent { request.fields.append(("user-agent", userAgent)) }
        if let languages { request.fields.append(("accept-language", languages)) }
        let shown = Shown(await server.answer(request, now: now, random: random))
        for line in shown.all("set-cookie") {
            let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            cookies.withLock { $0[pair[0]] = line.contains("Max-Age=0") ? nil : pair[1] }
        }
        return shown
    }
}

/// An answer as a browser shows it.
struct Shown: Sendable {
    let status: Int
    let text: String
    let facts: ServiceFacts
    private let fields: [(name: String, value: String)]

    init(_ response: ServiceResponse) {
        status = response.status
        text = String(decoding: response.body, as: UTF8.self)
        facts = response.facts
        fields = response.fields.map { ($0.name.lowercased(), $0.value) }
    }

    func all(_ name: String) -> [String] { fields.compactMap { $0.name == name ? $0.value : nil } }
    func field(_ name: String) -> String? { all(name).first }
    var names: [String] { fields.map(\.name) }
    var location: String? { field("location") }

    /// Where the page goes on by itself.
    var refresh: String? {
        text.firstMatch(of: /<meta http-equiv="refresh" content="0; url=([^"]*)">/).map { Self.plain(String($0.1)) }
    }

    var action: String { text.firstMatch(of: /<form method="post" action="([^"]*)"/).map { String($0.1) } ?? "" }

    var hidden: [String: String] {
        Dictionary(
            text.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/).map {
                (String($0.1), Self.plain(String($0.2)))
            },
            uniquingKeysWith: { $1 })
    }

    private static func plain(_ text: String) -> String {
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&#96;", "`"), ("&amp;", "&")]
            .reduce(text) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
    }
}
