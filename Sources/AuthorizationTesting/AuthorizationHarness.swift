import HTTP
import JOSE
import JSON
import Octets
import Policy
import Synchronization

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationServer

/// 2026-01-01T00:00:00Z.
let newYear2026: Int64 = 1_767_225_600

extension AuthorizationServer {
    /// Asked at a given time, which both of its clocks show.
    func answer(_ request: ServiceRequest, now: Int64, random: Randomness) async -> ServiceResponse {
        await answer(request, now: now, monotonic: (now - newYear2026 + 1_000) * 1_000_000_000, random: random)
    }
}

/// An authorization server on a store in memory, with octets that count up instead of random ones.
struct AuthorizationHarness: Sendable {
    static let issuer = "https://login.example.com"
    static let audience = "https://api.example.com"
    static let otherAudience = "https://other.example.com"
    static let secretOctets = [UInt8](0..<32)

    let store: MemoryStore
    let key: SigningKey
    let keys: SigningKeys
    let pepper: SecretPepper
    let settings: AuthorizationServerSettings
    let server: AuthorizationServer
    let random: Randomness

    /// - Parameter other: another node, with which this one shares its store.
    init(
        issuer: String = AuthorizationHarness.issuer, lifetime: Duration = .seconds(600),
        registrationToken: String? = nil,
        keySource: (any ClientKeySource)? = nil, documents: (any ClientDocumentSource)? = nil,
        beside other: AuthorizationHarness? = nil,
        _ configure: (inout AuthorizationServerSettings) -> Void = { _ in },
        makeKey: @escaping @Sendable (Algorithm) async -> Void = { _ in }
    ) throws {
        store = other?.store ?? MemoryStore()
        key = try other?.key ?? SigningKey.generate(.es256)
        guard let pepper = SecretPepper(octets: [UInt8](repeating: 7, count: 32)),
            let ring = SigningKeyRing([DatedSigningKey(key: key, signsFrom: newYear2026 - 100)])
        else { throw HarnessError() }
        self.pepper = pepper
        keys = SigningKeys(ring)
        let counter = Mutex<UInt8>(0)
        random = Randomness { count in
            counter.withLock { counter in
                counter &+= 1
                return [UInt8](repeating: counter, count: count)
            }
        }
        var settings = AuthorizationServerSettings(
            issuer: try servedIssuer(issuer), database: .sqlite(path: ""), accessTokenLifetime: lifetime,
            audience: Self.audience)
        settings.limits = []
        configure(&settings)
        self.settings = settings
        server = AuthorizationServer(
            settings: settings, resources: [Self.otherAudience], keys: keys, pepper: pepper, store: store,
            clock: { newYear2026 }, keySource: keySource, registrationToken: registrationToken,
            documents: documents, makeKey: makeKey)
    }

    /// What whoever runs the server may change, in this store.
    var administration: Administration { .forTests(store, pepper) }

    /// Registers a client whose secret the test chooses.
    func register(
        _ id: String = "shop", secret: String? = "s3cret", scopes: [String] = ["orders:read", "orders:write"],
        grants: Set<GrantType> = [.clientCredentials],
        methods: Set<ClientAuthenticationMethod> = [.clientSecretBasic, .clientSecretPost], resources: [String]? = nil
    ) async throws {
        var client = RegisteredClient(
            id: id, name: "", grants: grants, authenticationMethods: methods, scopes: scopes,
            secrets: secret.map { [StoredSecret(mac: pepper.mac(of: $0, clientID: id), createdAt: newYear2026)] } ?? [],
            createdAt: newYear2026)
        client.resources = resources
        _ = try await store.insert(client, now: newYear2026)
    }

    func post(
        _ body: String, authorization: String? = nil, query: String? = nil,
        contentType: String? = "application/x-www-form-urlencoded",
        address: String = "192.0.2.1", host: String = "login.example.com", method: String = "POST",
        now: Int64 = newYear2026
    ) async -> Answer {
        var fields: [ServiceRequest.Field] = []
        if let contentType { fields.append(("content-type", contentType)) }
        if let authorization { fields.append(("authorization", authorization)) }
        let request = ServiceRequest(
            method: method, path: "/oauth2/token", query: query, host: host, fields: fields, body: Array(body.utf8),
            clientAddress: address)
        return await Answer(server.answer(request, now: now, random: random))
    }

    func get(_ path: String, host: String = "login.example.com", method: String = "GET", now: Int64 = newYear2026) async
        -> Answer
    {
        await Answer(server.answer(ServiceRequest(method: method, path: path, host: host), now: now, random: random))
    }

    /// A token request by Basic that succeeds unless the parameters say otherwise.
    func token(_ parameters: String = "", id: String = "shop", secret: String = "s3cret", now: Int64 = newYear2026)
        async -> Answer
    {
        await post("grant_type=client_credentials" + parameters, authorization: basic(id, secret), now: now)
    }

    /// The claims of a token, verified with the published key set.
    func claims(of answer: Answer) async throws -> JSONObject {
        guard let token = answer.body["access_token"]?.string else { throw HarnessError() }
        let set = try JWKSet.parse(await get("/oauth2/jwks").octets)
        return try CompactJWS(Array(token.utf8)).verified(by: set, allowing: [.es256]).payload
    }
}

struct HarnessError: Error {}

/// What the policy's reader makes of an issuer identifier.
func servedIssuer(_ text: String) throws -> IssuerIdentifier {
    guard let issuer = try IssuerIdentifier(HTTPSIdentifier(text)) else { throw HarnessError() }
    return issuer
}

/// An answer, read.
struct Answer: Sendable {
    let status: Int
    let fields: [String: [String]]
    let octets: [UInt8]
    let body: JSONObject
    /// With what stays inside.
    let response: ServiceResponse
    /// For the record.
    let facts: ServiceFacts

    init(_ response: ServiceResponse) {
        self.response = response
        status = response.status
        fields = Dictionary(grouping: response.fields, by: { $0.name.lowercased() }).mapValues { $0.map(\.value) }
        octets = response.body
        facts = response.facts
        body = (try? JSON.parse(response.body))?.object ?? [:]
    }

    var error: String? { body["error"]?.string }
    func field(_ name: String) -> String? { fields[name]?.first }
}

/// `Authorization: Basic` of octets that are form-encoded already.
func basic(_ id: String, _ secret: String) -> String { "Basic " + base64("\(id):\(secret)") }

func base64(_ text: String) -> String {
    let url = Base64URL.encode(Array(text.utf8))
    let plain = url.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
    return String(plain) + String(repeating: "=", count: (4 - url.count % 4) % 4)
}
