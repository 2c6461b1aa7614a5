import Admission
import AuthorizationServer
import DataPlane
import HTTP
import Issuers
import Policy
import Synchronization
import Transport

/// Judges tokens of other issuers that workloads show to the authorization server in place of a secret: with the keys
/// that the gateway has for its routes, and by the very code that judges requests.
final class FederationDesk: AssertionJudge {
    private let trusts: [FederationTrust]
    /// `iss` of the authorization server: what the token must be meant for (RFC 7523 §3 (3)).
    private let audience: String
    private let inForce = Mutex<(@Sendable () -> PolicyInForce?)?>(nil)

    /// Keys that are not there are waited for so often, a tenth of a second each.
    private static let attempts = 10

    /// nil: nobody is trusted.
    init?(_ settings: AuthorizationServerSettings) {
        guard !settings.trusts.isEmpty else { return nil }
        trusts = settings.trusts
        audience = settings.issuer
    }

    /// Where the policy in force is found.
    func attach(_ current: @escaping @Sendable () -> PolicyInForce?) { inForce.withLock { $0 = current } }

    func judge(_ assertion: String) async -> AssertionVerdict {
        for attempt in 1...Self.attempts {
            guard let current = inForce.withLock({ $0 })?() else { return .unavailable }
            var isWaiting = false
            for trust in trusts {
                switch judge(assertion, trust, current) {
                case .trusted(let trusted): return .trusted(trusted)
                case .unavailable: isWaiting = true
                case .refused: break
                }
            }
            guard isWaiting else { return .refused }
            if attempt < Self.attempts { try? await Task.sleep(for: .milliseconds(100)) }
        }
        return .unavailable
    }

    private func judge(_ assertion: String, _ trust: FederationTrust, _ current: PolicyInForce) -> AssertionVerdict {
        guard let issuer = current.policy.issuers.firstIndex(where: { $0.name == trust.issuer }),
            let head = Self.head(assertion),
            let token = try? Credential.presented(in: head), let address = ClientAddress(octets: [127, 0, 0, 1])
        else { return .refused }
        let rules = rules(for: trust, issuer: issuer, current.policy)
        let peer = PeerFacts(address: address)
        let verdict = Authenticator(cacheEntriesMax: 0).authenticate(
            head, token: token, rules: rules, issuers: current.snapshot.issuers, peer: peer,
            unixSeconds: Clock.wallNanoseconds() / 1_000_000_000, now: Clock.monotonicNanoseconds())
        switch verdict {
        case .refused(let refusal): return refusal.code.facts.status == 503 ? .unavailable : .refused
        case .inquire(.keys(let index, let kid)):
            // The issuer was asked, and does not have that key.
            if index < current.keepers.count, current.keepers[index]?.wanted(kid: kid) == .absent { return .refused }
            return .unavailable
        // An issuer that has to be asked about each token vouches for no workload: nobody asks it here.
        case .inquire(.introspection): return .unavailable
        case .authenticated(let caller):
            guard (try? Authorizer.authorize(caller, rules: rules, peer: peer)) != nil else { return .refused }
            let facts = caller.principal.facts
            return .trusted(
                TrustedAssertion(
                    client: trust.client, issuer: facts.issuer, onceID: trust.isSingleUse ? facts.tokenID : nil,
                    expiresAt: facts.expires))
        }
    }

    /// A trust as a route that asks for tokens of its issuer, for this server, with its claims.
    private func rules(for trust: FederationTrust, issuer: Int, _ policy: Policy) -> RouteRules {
        let requirement = Requirement(issuers: [issuer], claims: trust.claims, audiences: [audience])
        let route = Route(
            id: "authorization_server.trusts",
            match: RouteMatchRule(hosts: [], methods: [], path: PathPattern(text: "/", segments: [.literal("")])),
            require: requirement, limits: [], destination: .local(.authorizationServer))
        return RouteRules(index: 0, route: route, issuers: policy.issuers, limits: [])
    }

    /// A request that shows the token, as a client's would; nil: it is nothing that a header could hold.
    private static func head(_ assertion: String) -> RequestHead? {
        guard assertion.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        let octets = Array("GET / HTTP/1.1\r\nHost: federation\r\nAuthorization: Bearer \(assertion)\r\n\r\n".utf8)
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        guard (try? parser.parseRequest(octets.span, into: &head)) != nil else { return nil }
        return head
    }
}
