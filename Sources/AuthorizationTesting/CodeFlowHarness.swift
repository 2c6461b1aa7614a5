import HTTP
import JOSE
import JSON
import Octets
import Policy

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import LogIn

/// A client, a user who is logged in, and the browser between them: the authorization code flow as it goes.
struct CodeFlowHarness: Sendable {
    /// RFC 7636 Appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let redirectURI = "https://shop.example.com/done"
    static let userID = "user-1"
    static let scopes = ["orders:read", "orders:write", "openid", "profile", "email"]

    private(set) var base: AuthorizationHarness
    var now = newYear2026
    /// Of the browser.
    var cookies: [String: String] = [:]

    /// - Parameters:
    ///   - isFirstParty: the user is not asked.
    ///   - users: what users may be granted.
    ///   - change: of the client "shop", before it is registered.
    init(
        isFirstParty: Bool = true, isLoggedIn: Bool = true, acr: String? = nil, lifetime: Duration = .seconds(600),
        issuer: String = AuthorizationHarness.issuer, keySource: (any ClientKeySource)? = nil,
        registration: RegistrationSettings? = nil, users: UserRules = UserRules(),
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws {
        base = try Self.server(issuer, lifetime, keySource, registration, users)
        var client = client("shop")
        client.isFirstParty = isFirstParty
        change(&client)
        try await keep(client)
        try await put(Self.user.record)
        if isLoggedIn { try await logIn(acr: acr) }
    }

    // Apart from the initialiser, which Swift 6.3 cannot optimise with them inside.
    private static func server(
        _ issuer: String, _ lifetime: Duration, _ keySource: (any ClientKeySource)?,
        _ registration: RegistrationSettings?, _ users: UserRules
    ) throws -> AuthorizationHarness {
        try AuthorizationHarness(issuer: issuer, lifetime: lifetime, keySource: keySource) {
            $0.registration = registration
            $0.users = users
            $0.authorizationDetailsTypes = ["payment", "account"]
        }
    }

    private static var user: StoredUser {
        var user = StoredUser(id: userID, name: "ada", createdAt: newYear2026)
        user.displayName = "Ada Lovelace"
        user.email = "ada@example.com"
        return user
    }

    private func client(_ id: String) -> RegisteredClient {
        var client = RegisteredClient(
            id: id, name: "The Shop", grants: [.authorizationCode, .refreshToken],
            authenticationMethods: [.clientSecretBasic, .clientSecretPost],
            scopes: Self.scopes,
            secrets: [StoredSecret(mac: base.pepper.mac(of: "s3cret", clientID: id), createdAt: newYear2026)],
            createdAt: newYear2026)
        client.redirectURIs = [Self.redirectURI]
        return client
    }

    private func keep(_ client: RegisteredClient) async throws {
        guard try await base.store.insert(client, now: now) else { throw HarnessError() }
    }

    /// The same browser and client, whose requests another node answers.
    /// - Parameter users: what users may be granted there.
    func atAnotherNode(users: UserRules = UserRules()) throws -> CodeFlowHarness {
        var other = self
        other.base = try AuthorizationHarness(beside: base) { $0.users = users }
        return other
    }

    func put(_ record: StoredRecord) async throws {
        guard try await base.store.commit([.insert(record)], now: now) else { throw HarnessError() }
    }

    func register(_ id: String, _ change: (inout RegisteredClient) -> Void = { _ in }) async throws {
        var client = client(id)
        change(&client)
        try await keep(client)
    }

    /// A session of the user, in the browser's cookies.
    mutating func logIn(at time: Int64? = nil, acr: String? = nil) async throws {
        let secret = RandomText.session.make(.system)
        let session = UserSession(
            key: RandomText.session.key(of: secret), userID: Self.userID,
            authentication: UserAuthentication(time: time ?? now, acr: acr, methods: ["pwd"]),
            expiresAt: now + 86_400)
        try await put(session.record)
        cookies[SessionReader.cookieName] = secret
    }

    // MARK: The browser

    func send(
        _ path: String, query: String? = nil, form: String? = nil, cookies: [String: String]? = nil,
        authorization: String? = nil,
        certificate: [UInt8]? = nil, now: Int64? = nil
    ) async -> Answer {
        var fields: [ServiceRequest.Field] = [("origin", "https://evil.example")]
        let cookies = cookies ?? self.cookies
        if !cookies.isEmpty {
            fields.append(("cookie", cookies.map { "\($0.key)=\($0.value)" }.joined(separator: "; ")))
        }
        if let authorization { fields.append(("authorization", authorization)) }
        if form != nil { fields.append(("content-type", "application/x-www-form-urlencoded")) }
        let request = ServiceRequest(
            method: form == nil ? "GET" : "POST", path: path, query: query, host: "login.example.com", fields: fields,
            body: Array((form ?? "").utf8),
            clientAddress: "192.0.2.1", clientCertificateDER: certificate)
        return await Answer(base.server.answer(request, now: now ?? self.now, random: .system))
    }

    /// A request to the authorization endpoint, without cookies.
    func request(query: String, fields: [ServiceRequest.Field], host: String) -> ServiceRequest {
        ServiceRequest(
            method: "GET", path: "/oauth2/authorize", query: query, host: host, fields: fields,
            clientAddress: "192.0.2.1")
    }

    /// The request of "shop" that succeeds, changed: nil leaves a parameter out.
    static func query(_ changes: [(String, String?)] = []) -> String {
        var pairs: [(String, String?)] = [
            ("response_type", "code"), ("client_id", "shop"), ("redirect_uri", redirectURI), ("scope", "orders:read"),
            ("state", "xyz"),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        for (name, value) in changes {
            if let place = pairs.firstIndex(where: { $0.0 == name }) {
                pairs[place].1 = value
            } else {
                pairs.append((name, value))
            }
        }
        return pairs.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.encoded($0))" } }.joined(
            separator: "&")
    }

    func authorize(_ changes: [(String, String?)] = [], cookies: [String: String]? = nil, now: Int64? = nil) async
        -> Answer
    {
        await send("/oauth2/authorize", query: Self.query(changes), cookies: cookies, now: now)
    }

    func code(_ changes: [(String, String?)] = [], now: Int64? = nil) async throws -> String {
        guard let code = await authorize(changes, now: now).redirect["code"] else { throw HarnessError() }
        return code
    }

    // MARK: The client

    func token(_ parameters: [(String, String)], id: String = "shop", now: Int64? = nil) async -> Answer {
        let form = parameters.map { "\($0.0)=\(PercentEncoding.encoded($0.1))" }.joined(separator: "&")
        return await send("/oauth2/token", form: form, cookies: [:], authorization: basic(id, "s3cret"), now: now)
    }

    func redeem(
        _ code: String, verifier: String? = CodeFlowHarness.verifier, id: String = "shop",
        more: [(String, String)] = [],
        now: Int64? = nil
    ) async -> Answer {
        await token(
            [("grant_type", "authorization_code"), ("code", code)] + (verifier.map { [("code_verifier", $0)] } ?? [])
                + more, id: id, now: now)
    }

    func refresh(_ token: String, id: String = "shop", more: [(String, String)] = [], now: Int64? = nil) async -> Answer
    {
        await self.token([("grant_type", "refresh_token"), ("refresh_token", token)] + more, id: id, now: now)
    }

    /// A public client's own request: nothing but its id says who it is.
    func asPublic(_ parameters: [(String, String)], id: String, now: Int64? = nil) async -> Answer {
        let form = (parameters + [("client_id", id)]).map { "\($0.0)=\(PercentEncoding.encoded($0.1))" }.joined(
            separator: "&")
        return await send("/oauth2/token", form: form, cookies: [:], now: now)
    }

    /// From the browser to tokens, with whatever is asked for.
    func tokens(_ changes: [(String, String?)] = []) async throws -> Answer { await redeem(try await code(changes)) }

    func userInfo(_ token: String, scheme: String = "Bearer", now: Int64? = nil) async -> Answer {
        await send("/oauth2/userinfo", cookies: [:], authorization: "\(scheme) \(token)", now: now)
    }

    /// The claims of a token in an answer, verified with the published keys.
    func claims(_ answer: Answer, _ member: String = "access_token") async throws -> JSONObject {
        let set = try JWKSet.parse(await base.get("/oauth2/jwks").octets)
        guard let token = answer.body[member]?.string else { throw HarnessError() }
        return try CompactJWS(Array(token.utf8)).verified(by: set, allowing: [.es256]).payload
    }
}

extension Answer {
    /// The parameters that a redirect carries; empty: it is none.
    var redirect: [String: String] {
        guard let location = field("location"), let mark = location.firstIndex(of: "?") else { return [:] }
        let pairs = (try? FormFields(Array(location[location.index(after: mark)...].utf8)))?.pairs ?? []
        return Dictionary(pairs.map { ($0.name, $0.value) }, uniquingKeysWith: { one, _ in one })
    }

    /// Where it leads, without parameters.
    var target: String? { field("location").map { String($0.prefix { $0 != "?" }) } }
    var isPage: Bool { field("content-type") == "text/html; charset=utf-8" && field("location") == nil }
}
