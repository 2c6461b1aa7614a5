import Admission
import HTTP
import JOSE
import JSON
import Policy

/// One issuer with an RSA key, one route that needs its token, scope and a rate limit, and tokens for it.
struct Fixture {
    static let now: Int64 = 1_800_000_000
    let key: SigningKey
    let issuers: IssuerSet
    let rules: AdmissionRules
    let peer: PeerFacts

    /// - Parameter place: where the issuer's keys are said to be; they are the same ones.
    init(keys place: Issuer.Keys = .jwksFile("partner.jwks.json")) {
        do {
            key = try SigningKey.common(.rs256)
            let keys = try JWKSet.parse(JSON.object(["keys": [key.publicJWK]]).serialized())
            let issuer = Issuer(
                name: "partner", identifier: "https://login.partner.example", keys: place,
                audiences: ["https://api.example.com"], algorithms: [.rs256], types: ["at+jwt"], clockSkew: .seconds(15)
            )
            issuers = IssuerSet([issuer], keys: [IssuerKeys(set: keys, generation: 1)])
            rules = AdmissionRules(Self.policy(issuer))
        } catch {
            stop("no fixture: \(error)")
        }
        guard let address = ClientAddress(octets: [127, 0, 0, 1]) else { stop("no address") }
        peer = PeerFacts(address: address)
    }

    /// About 900 octets, as bench/peers has them.
    func token(_ number: Int) -> String {
        do {
            return try key.sign(header: ["typ": "at+jwt"], claims: Self.claims(number))
        } catch {
            stop("no token: \(error)")
        }
    }

    static func claims(_ number: Int) -> JSONObject {
        let client = "client-\(100_000 + number).apps.example.org"
        return [
            "iss": "https://login.partner.example", "sub": .string(client), "aud": "https://api.example.com",
            "exp": .integer(Self.now + 3_600), "iat": .integer(Self.now), "nbf": .integer(Self.now),
            "jti": "kJg1mS1oQ0y7b1iUq3v8Zg", "client_id": .string(client),
            "scope": "openid profile orders:read orders:write", "tenant": "example-corporation",
        ]
    }

    func head(_ token: String) -> RequestHead {
        let octets = HeadBenchmarks.small(path: "/orders/1k", token: token)
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        guard (try? parser.parseRequest(octets.span, into: &head)) != nil else {
            stop("the fixture's request is refused")
        }
        return head
    }

    private static func policy(_ issuer: Issuer) -> Policy {
        let route = Route(
            id: "orders.read",
            match: RouteMatchRule(
                hosts: ["api.example.com"], methods: ["GET", "HEAD"],
                path: PathPattern(text: "/orders/{rest...}", segments: [.literal("orders"), .rest("rest")])),
            require: Requirement(issuers: [0], scopes: ["orders:read"]), limits: [0], destination: .local(.health))
        let limit = RateLimit(
            name: "per_client", by: [.clientID], count: 1_000_000, period: .seconds(1), burst: 1_000_000)
        return Policy(
            listeners: [], issuers: [issuer], upstreams: [], limits: [limit], routes: [route], authorizationServer: nil,
            audit: AuditSettings(sink: .standardOutput, whenFull: .refuse, queueBytesMax: 1_048_576),
            timeouts: Timeouts(),
            bounds: Bounds(), workers: 1, hash: "0123456789abcdef", insecurities: [])
    }
}
