import HTTP
import JOSE
import JSON
import Policy
import Testing

@testable import Admission

/// Issue 3, section 7: no configuration and no mutation of a token lets an unverified token through, and no cache
/// changes an answer. 200 good tokens, of eight ways of configuring an issuer and a route; what is counted is who got
/// in.
@Suite("Attack: good tokens changed, cut and spliced, whatever is configured")
struct TokenMutationTests {
    private static let worlds = Result { try World.all() }

    @Test("there are 200 tokens, each is served where it belongs and nowhere else")
    func good() throws {
        let worlds = try Self.worlds.get()
        #expect(worlds.reduce(0) { $0 + $1.tokens.count } == 200)
        for world in worlds {
            for token in world.tokens { #expect(try world.harness().outcome(token) == "ok") }
            let strangers = worlds.filter { $0.name != world.name }.flatMap(\.tokens)
            let harness = try world.harness()
            for token in strangers { #expect(try harness.outcome(token) != "ok", "\(world.name)") }
        }
    }

    @Test("every octet of a token flipped: nobody gets in, with the caches on and off", arguments: try worlds.get())
    func flipped(_ world: World) throws {
        try world.attack { token, place in
            (0..<token.count).map { index in
                var changed = token
                // Another bit at each place and in each token.
                changed[index] ^= 1 << UInt8((index + place) % 7)
                return changed
            }
        }
    }

    @Test("a token cut at every octet, and without each one: nobody gets in", arguments: try worlds.get())
    func cut(_ world: World) throws {
        try world.attack { token, place in
            var all: [[UInt8]] = []
            for index in 0..<token.count {
                // From the front, from the end, or one octet less, in turn; every seventh place all three.
                let (kind, isThorough) = ((index + place) % 3, index % 7 == 0)
                if kind == 0 || isThorough { all.append(Array(token[..<index])) }
                if kind == 1 || isThorough { all.append(Array(token[(index + 1)...])) }
                if kind == 2 || isThorough {
                    var shorter = token
                    shorter.remove(at: index)
                    all.append(shorter)
                }
            }
            return all
        }
    }

    @Test(
        "parts of good tokens put together: nobody gets in but with a token that was good before",
        arguments: try worlds.get())
    func spliced(_ world: World) throws {
        let others = try Self.worlds.get().flatMap(\.tokens).map(Self.parts)
        try world.attack { token, place in
            let own = Self.parts(token)
            var all: [[UInt8]] = []
            for step in 0..<24 {
                let other = others[(place * 31 + step * 7) % others.count]
                // Each part from one or the other, but for the two that would be whole.
                for choice in 1..<7 {
                    let parts = (0..<3).map { choice >> $0 & 1 == 0 ? own[$0] : other[$0] }
                    all.append(Array(parts.joined(separator: [UInt8(ascii: ".")])))
                }
            }
            return all
        }
    }

    private static func parts(_ token: [UInt8]) -> [[UInt8]] {
        token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    }
}

/// One configuration of issuers and route, with tokens that it serves.
struct World: Sendable, CustomTestStringConvertible {
    let name: String
    let issuers: [Issuer]
    let keys: [IssuerKeys]
    let require: Requirement
    let tokens: [[UInt8]]
    /// Makes the proof of possession for a token, where the route demands one.
    let proof: (@Sendable ([UInt8]) throws -> String)?

    var testDescription: String { name }

    /// Judges mutations of every token; a good one is shown again and again in between, so that it is what the caches
    /// know.
    func attack(_ mutations: ([UInt8], Int) -> [[UInt8]]) throws {
        let good = Set(tokens)
        var gotIn: [String] = []
        var differed: [String] = []
        for (place, token) in tokens.enumerated() {
            let harness = try harness()
            for _ in 0..<3 { #expect(try harness.outcome(token) == "ok", "\(name)") }
            for (number, changed) in mutations(token, place).enumerated() {
                let (with, without) = try harness.outcomes(changed, proofFor: token)
                if with != without {
                    differed.append("\(name), token \(place), mutation \(number): \(with), \(without)")
                }
                if with == "ok" || without == "ok", !good.contains(changed) {
                    gotIn.append("\(name), token \(place), mutation \(number)")
                }
                if number % 50 == 0 { #expect(try harness.outcome(token) == "ok") }
            }
        }
        #expect(gotIn.isEmpty)
        #expect(differed.isEmpty)
    }

    func harness() throws -> TwoHarnesses { TwoHarnesses(self) }

    /// The same questions to two harness, one of which remembers tokens.
    final class TwoHarnesses {
        private let remembering: AuthenticationHarness
        private let forgetting: AuthenticationHarness
        private let world: World

        init(_ world: World) {
            self.world = world
            func harness(_ entries: Int) -> AuthenticationHarness {
                AuthenticationHarness(
                    world.issuers, keys: world.keys, require: [world.require], cacheEntriesMax: entries,
                    proofsMax: 100_000)
            }
            remembering = harness(100)
            forgetting = harness(0)
        }

        /// What both say of it; `they differ` if they do not say the same.
        func outcome(_ token: [UInt8]) throws -> String {
            let (one, other) = try outcomes(token, proofFor: token)
            return one == other ? one : "they differ: \(one), \(other)"
        }

        func outcomes(_ token: [UInt8], proofFor good: [UInt8]) throws -> (String, String) {
            let scheme = world.proof == nil ? "Bearer " : "DPoP "
            var octets = Array("GET / HTTP/1.1\r\nHost: api.example.com\r\nAuthorization: \(scheme)".utf8) + token
            if let proof = world.proof { octets += Array("\r\nDPoP: \(try proof(good))".utf8) }
            octets += Array("\r\n\r\n".utf8)
            var parser = HeadParser(limits: HeadLimits())
            var head = RequestHead()
            // What is no head any more gets in nowhere.
            guard (try? parser.parseRequest(octets.span, into: &head)) == octets.count else {
                return ("no head", "no head")
            }
            return (outcome(of: head, remembering), outcome(of: head, forgetting))
        }

        private func outcome(of head: RequestHead, _ harness: AuthenticationHarness) -> String {
            do {
                switch try harness.judge(head) {
                case .refused(let refusal): return refusal.code.facts.word.description
                case .inquire: return "inquire"
                case .authenticated(let caller):
                    _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer)
                    return "ok"
                }
            } catch let refusal as Refusal {
                return refusal.code.facts.word.description
            } catch {
                return "\(error)"
            }
        }
    }
}

extension World {
    static func all() throws -> [World] {
        [
            try world("ES256, one scope", .es256, tokens: 40),
            try world("RS256, a list of scopes in scp", .rs256, tokens: 40) { issuer, claims in
                issuer.scopeClaim = ["scp"]
                issuer.scopeForm = .list
                claims["scp"] = ["orders:read", "orders:write"]
            },
            try world("EdDSA, scopes in levels", .edDSA, tokens: 40) { issuer, claims in
                issuer.scopeMatch = .hierarchic
                claims["scope"] = "orders"
            },
            try world("PS256, scopes with wildcards, type JWT", .ps256, type: "JWT", tokens: 30) { issuer, claims in
                issuer.scopeMatch = .wildcard
                issuer.types = ["at+jwt", "jwt"]
                claims["scope"] = "orders:*"
            },
            try world("ES256, an alias, several audiences", .es256, identifier: "https://alias.example", tokens: 20) {
                issuer, _ in
                issuer.identifier = "https://issuer.example"
                issuer.aliases = ["https://alias.example"]
                issuer.audiences = ["https://other.example.com", "https://api.example.com"]
            },
            try world("EdDSA, tenants", .edDSA, identifier: "https://login.example/t1/v2", tokens: 18) {
                issuer, claims in
                issuer.identifier = "https://login.example/{tenantid}/v2"
                issuer.tenants = ["t1", "t2"]
                claims["tid"] = "t1"
            },
            try bound(tokens: 10),
            try world("ML-DSA-65", .mlDSA65, tokens: 2),
        ]
    }

    private static func world(
        _ name: String, _ algorithm: Algorithm, identifier: String = "https://issuer.example", type: String = "at+jwt",
        tokens: Int, adjust: (inout Issuer, inout JSONObject) -> Void = { _, _ in }
    ) throws -> World {
        let key = try SigningKey.generate(algorithm)
        var issuer = Issuer(
            name: "local", identifier: identifier, keys: .embedded, audiences: ["https://api.example.com"],
            algorithms: [algorithm], types: ["at+jwt"], clockSkew: .seconds(15))
        var claims: JSONObject = [
            "iss": .string(identifier), "aud": "https://api.example.com", "client_id": "client-1", "iat": 1000,
            "exp": 1600,
            "scope": "orders:read",
        ]
        adjust(&issuer, &claims)
        let made = try (0..<tokens).map { number in
            claims["sub"] = .string("user-\(number)")
            claims["jti"] = .string("t-\(number)")
            return Array(try key.sign(header: ["typ": .string(type)], claims: claims).utf8)
        }
        return World(
            name: name, issuers: [issuer], keys: [try keys([key.publicJWK])],
            require: Requirement(issuers: [0], scopes: ["orders:read"]), tokens: made, proof: nil)
    }

    /// Tokens that are bound to a client's key, on a route that demands the proof: each request has a new one, and it
    /// is right, so that the token alone decides. A second issuer stands beside, whose key makes none of them.
    private static func bound(tokens: Int) throws -> World {
        let issuer = TestIssuer()
        let client = ProofMaker()
        let other = TestIssuer("https://other.example", kid: "k2")
        let made = try (0..<tokens).map { number in
            Array(
                try issuer.token(claims: ["cnf": ["jkt": .string(client.thumbprint)], "jti": .string("t-\(number)")])
                    .utf8)
        }
        return World(
            name: "ES256, two issuers, DPoP", issuers: [other.entry(name: "other"), issuer.entry()],
            keys: [try other.keys(), try issuer.keys()],
            require: Requirement(issuers: [0, 1], scopes: ["orders:read"], proof: .dpop), tokens: made,
            proof: { token in
                try client.proof(
                    String(decoding: token, as: UTF8.self),
                    claims: ["jti": .string("p-\(UInt64.random(in: 0 ... .max))")])
            })
    }

    private static func keys(_ jwks: [JSON]) throws -> IssuerKeys {
        IssuerKeys(set: try JWKSet.parse(JSON.object(["keys": .array(jwks)]).serialized()), generation: 1)
    }
}
