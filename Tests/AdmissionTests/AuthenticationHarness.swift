import Crypto
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Admission

/// An issuer whose tokens a test can bend: they are put together here, by nothing that the gateway itself uses.
struct TestIssuer {
    let identifier: String
    private let key = P256.Signing.PrivateKey()
    let kid: String

    init(_ identifier: String = "https://issuer.example", kid: String = "k1") {
        self.identifier = identifier
        self.kid = kid
    }

    var jwk: JSON {
        let point = Array(key.publicKey.x963Representation)
        return [
            "kty": "EC", "crv": "P-256", "kid": .string(kid), "x": .string(Base64URL.encode(Array(point[1..<33]))),
            "y": .string(Base64URL.encode(Array(point[33...]))),
        ]
    }

    func keys(generation: UInt64 = 1) throws -> IssuerKeys {
        let document: JSON = ["keys": .array([jwk])]
        return IssuerKeys(set: try JWKSet.parse(document.serialized()), generation: generation)
    }

    /// The entry in the policy.
    func entry(
        name: String = "local", audiences: [String] = ["https://api.example.com"], algorithms: [Algorithm] = [.es256],
        types: [String] = ["at+jwt"], clockSkew: Duration = .seconds(15)
    ) -> Issuer {
        Issuer(
            name: name, identifier: identifier, keys: .embedded, audiences: audiences, algorithms: algorithms,
            types: types,
            clockSkew: clockSkew)
    }

    /// A good token (RFC 9068) issued at 1000 for 600 seconds, with some members changed; `nil` takes one away.
    func token(header changedHeader: [String: JSON?] = [:], claims changed: [String: JSON?] = [:]) throws -> String {
        let header = Self.object(
            ["alg": "ES256", "typ": "at+jwt", "kid": .string(kid)], changedHeader)
        let claims = Self.object(
            [
                "iss": .string(identifier), "aud": "https://api.example.com", "sub": "user-1", "client_id": "client-1",
                "iat": 1000, "exp": 1600, "jti": "t-1", "scope": "orders:read orders:write", "tenant": "acme",
            ], changed)
        return try sign(header.serialized(), claims.serialized())
    }

    /// A token of any octets.
    func sign(_ header: [UInt8], _ claims: [UInt8]) throws -> String {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(claims)
        let signature = try key.signature(for: Array(input.utf8))
        return input + "." + Base64URL.encode(Array(signature.rawRepresentation))
    }

    private static func object(_ members: [(String, JSON)], _ changed: [String: JSON?]) -> JSON {
        var all = members
        for (name, value) in changed.sorted(by: { $0.key < $1.key }) {
            if let value {
                if let place = all.firstIndex(where: { $0.0 == name }) {
                    all[place].1 = value
                } else {
                    all.append((name, value))
                }
            } else {
                all.removeAll { $0.0 == name }
            }
        }
        return .object(JSONObject(all))
    }

    private static func object(_ members: KeyValuePairs<String, JSON>, _ changed: [String: JSON?]) -> JSON {
        object(members.map { ($0.key, $0.value) }, changed)
    }
}

/// A policy of some issuers and routes, and an authenticator that judges for it.
final class AuthenticationHarness {
    let issuers: [Issuer]
    var set: IssuerSet
    let rules: [RouteRules]
    let authenticator: Authenticator
    let proofs: ProofLedger

    init(
        _ issuers: [Issuer], keys: [IssuerKeys?], require: [Requirement], cacheEntriesMax: Int = 100,
        limiter: AddressLimiter? = nil, proofsMax: Int = 1_000
    ) {
        proofs = ProofLedger(proofsMax: proofsMax, seed: (3, 4), nonceKey: [UInt8](0..<32))
        self.issuers = issuers
        set = IssuerSet(issuers, keys: keys)
        rules = require.enumerated().map { index, require in
            RouteRules(index: index, route: route("/", id: "r\(index)", require: require), issuers: issuers, limits: [])
        }
        authenticator = Authenticator(cacheEntriesMax: cacheEntriesMax, limiter: limiter, proofs: proofs)
    }

    /// One issuer, one route that accepts it.
    convenience init(
        _ issuer: TestIssuer, entry: Issuer? = nil, cacheEntriesMax: Int = 100, limiter: AddressLimiter? = nil
    ) throws {
        self.init(
            [entry ?? issuer.entry()], keys: [try issuer.keys()], require: [Requirement(issuers: [0])],
            cacheEntriesMax: cacheEntriesMax, limiter: limiter)
    }

    func judge(
        _ token: String?, route: Int = 0, peer: PeerFacts = anyPeer, at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> Verdict {
        let head = try head("GET", "/", token.map { ["Authorization: Bearer \($0)"] } ?? [])
        return try judge(head, route: route, peer: peer, at: seconds, now: now)
    }

    /// Signatures that take long are checked on the spot, as often as they are asked for.
    func judge(
        _ head: RequestHead, route: Int = 0, peer: PeerFacts = anyPeer, at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> Verdict {
        var checked: [CheckedSignature] = []
        while true {
            let verdict = try judge(head, knowing: checked, route: route, peer: peer, at: seconds, now: now)
            // One of the token, one of the proof.
            guard case .inquire(.signature(let question)) = verdict, checked.count < 2 else { return verdict }
            checked.append(question.answered())
        }
    }

    func judge(
        _ head: RequestHead, knowing checked: [CheckedSignature], route: Int = 0, peer: PeerFacts = anyPeer,
        at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> Verdict {
        authenticator.authenticate(
            head, token: try Credential.presented(in: head), rules: rules[route], issuers: set, peer: peer,
            unixSeconds: seconds, now: now, checked: checked)
    }

    /// `ok`, the word of the refusal, or `inquire`.
    func outcome(
        _ token: String?, route: Int = 0, peer: PeerFacts = anyPeer, at seconds: Int64 = 1_100, now: Int64 = 0
    ) throws -> String {
        switch try judge(token, route: route, peer: peer, at: seconds, now: now) {
        case .authenticated: "ok"
        case .refused(let refusal): refusal.code.facts.word.description
        case .inquire: "inquire"
        }
    }

    func caller(_ token: String, route: Int = 0) throws -> Caller {
        guard case .authenticated(let caller) = try judge(token, route: route) else { throw NoCaller() }
        return caller
    }

    struct NoCaller: Error {}
}
