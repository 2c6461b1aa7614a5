import Admission
import AuthorizationServer
import DataPlane
import Issuers
import Policy

/// Judges tokens of other issuers that workloads show to the authorization server in place of a secret: with the keys
/// that the gateway has for its routes, and by the very code that judges requests.
final class AssertionVerifier: AssertionJudge {
    private let trusts: [FederationTrust]
    /// `iss` of the authorization server: what the token must be meant for (RFC 7523 §3 (3)).
    private let audience: String
    private let current: CurrentPolicy
    private let clock: ControlClock

    /// Keys that are not there are waited for so long.
    private static let waitMax = Duration.seconds(1)

    /// nil: nobody is trusted.
    init?(_ settings: AuthorizationServerSettings, current: CurrentPolicy, clock: ControlClock = .system) {
        guard !settings.trusts.isEmpty else { return nil }
        trusts = settings.trusts
        audience = settings.issuer.text
        self.current = current
        self.clock = clock
    }

    private enum Judgement {
        case known(AssertionVerdict)
        case keysMissing(issuer: Int, kid: String?)
    }

    func judge(_ assertion: String, for client: String) async -> AssertionVerdict {
        guard let inForce = current.inForce else { return .unavailable }
        let token = Array(assertion.utf8)
        var isUnavailable = false
        var waiting: [(trust: FederationTrust, issuer: Int, kid: String?)] = []
        // Of several that trust the token the strictest counts, whichever is written first.
        for trust in trusts(for: client) {
            switch judge(token, trust, inForce, inForce.snapshot.issuers) {
            case .known(.trusted(let trusted)): return .trusted(trusted)
            case .known(.unavailable): isUnavailable = true
            case .known(.refused): break
            case .keysMissing(let issuer, let kid): waiting.append((trust, issuer, kid))
            }
        }
        // Only now, so that an issuer that cannot be reached holds up nobody whose token is another one's.
        let deadline = clock.deadline(in: Self.waitMax)
        for (trust, issuer, kid) in waiting {
            switch await judge(token, trust, inForce, issuer, kid, before: deadline) {
            case .trusted(let trusted): return .trusted(trusted)
            case .unavailable: isUnavailable = true
            case .refused: break
            }
        }
        return isUnavailable ? .unavailable : .refused
    }

    /// Those that lead to a client, the strictest first.
    private func trusts(for client: String) -> [FederationTrust] {
        let own = trusts.filter { $0.client.utf8.elementsEqual(client.utf8) }
        return own.filter(\.isSingleUse) + own.filter { !$0.isSingleUse }
    }

    /// Judges once more when the keys are there.
    private func judge(
        _ token: [UInt8], _ trust: FederationTrust, _ inForce: PolicyInForce, _ issuer: Int, _ kid: String?,
        before deadline: Int64
    ) async -> AssertionVerdict {
        guard issuer < inForce.keyFetchers.count, let fetcher = inForce.keyFetchers[issuer] else { return .unavailable }
        switch await fetcher.wanted(kid: kid, before: deadline) {
        // The issuer was asked, and does not have that key.
        case .absent: return .refused
        case .pending, .unknowable: return .unavailable
        case .known:
            let issuers = inForce.snapshot.issuers.replacing { $0 == issuer ? fetcher.keys ?? $1 : $1 }
            guard case .known(let verdict) = judge(token, trust, inForce, issuers) else { return .unavailable }
            return verdict
        }
    }

    private func judge(
        _ token: [UInt8], _ trust: FederationTrust, _ inForce: PolicyInForce, _ issuers: IssuerSet
    ) -> Judgement {
        guard let issuer = inForce.policy.issuers.firstIndex(where: { $0.name == trust.issuer }) else {
            return .known(.refused)
        }
        let rules = rules(for: trust, issuer: issuer, inForce.policy)
        let verdict = Authenticator(cacheEntriesMax: 0).authenticate(
            token, rules: rules, issuers: issuers, unixSeconds: clock.unixSeconds(), now: clock.now())
        switch verdict {
        case .refused(let refusal): return .known(refusal.code.facts.status == 503 ? .unavailable : .refused)
        case .inquire(.keys(let index, let kid)): return .keysMissing(issuer: index, kid: kid)
        // An issuer that has to be asked about each token vouches for no workload: nobody asks it here.
        case .inquire(.signature), .inquire(.introspection): return .known(.unavailable)
        case .authenticated(let caller):
            guard (try? Authorizer.authorize(caller, rules: rules, peer: .nobody)) != nil else {
                return .known(.refused)
            }
            let facts = caller.principal.facts
            return .known(
                .trusted(
                    TrustedAssertion(
                        client: trust.client, issuer: facts.issuer, onceID: trust.isSingleUse ? facts.tokenID : nil,
                        expiresAt: facts.expires)))
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
}
