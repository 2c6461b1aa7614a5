import JOSE
package import Policy

/// A whole policy, prepared for deciding: part of the snapshot.
package struct AdmissionRules: Sendable {
    /// For listeners of this machine.
    package let router: Router
    /// For all others: without the routes that are for this machine only.
    package let outsideRouter: Router
    /// In the order of `Policy.routes`.
    package let routes: [RouteRules]

    /// Prepares routes, limits and issuers once for each policy.
    package init(_ policy: Policy) {
        router = Router(policy.routes)
        outsideRouter =
            policy.routes.contains(where: \.isForThisMachine) ? Router(policy.routes, outside: true) : router
        let limits = policy.limits.map(LimitRule.init)
        routes = policy.routes.enumerated().map { index, route in
            RouteRules(index: index, route: route, issuers: policy.issuers, limits: limits)
        }
    }
}

/// What one route demands, prepared once at load: names as octets, so that every comparison is exact and none makes a
/// `String`.
package final class RouteRules: Sendable {
    /// An issuer that the route accepts, and the audiences of which its tokens must name one.
    struct AllowedIssuer: Sendable {
        /// Into `Policy.issuers`.
        let index: Int
        let audiences: [[UInt8]]
    }
    /// Into `Policy.routes`.
    package let index: Int
    /// As in `routes.yaml`, for records.
    package let id: String
    /// A token is needed: ask the authenticator.
    package var needsToken: Bool { !issuers.isEmpty }
    /// `scopes` and `any_scope`, for records.
    package let scopesRequired: [String]

    let issuers: [AllowedIssuer]
    let scopes: [[UInt8]]
    let anyScope: [[UInt8]]
    let claims: [ClaimRule]
    /// Some rule compares a claim with what the path captured: the authorizer needs it.
    package let comparesCaptures: Bool
    let stepUp: StepUp?
    let needsCertificate: Bool
    let clientIdentities: [UpstreamIdentity]
    /// How tokens must be bound here.
    let proof: ProofRequirement?
    /// Proofs must have a nonce of the gateway's, whatever the issuer's entry says.
    let needsNonce: Bool
    /// How a request without a token is asked for one.
    let challenge: ChallengeScheme
    /// The same when a bearer token does not do, and when a token with a proof does not.
    let bearerChallenge: ChallengeScheme
    let proofChallenge: ChallengeScheme
    /// For the challenge: all of `scopes`, and of `any_scope` the first, since one is enough.
    let scopeAttribute: [UInt8]
    let limits: [LimitRule]
    /// Stands for `id` in the keys of rate limits.
    let idKey: (UInt64, UInt64)

    /// - Parameters:
    ///   - issuers: `Policy.issuers`.
    ///   - limits: `Policy.limits`, prepared.
    package init(index: Int, route: Route, issuers: [Issuer], limits: [LimitRule]) {
        let require = route.require
        self.index = index
        id = route.id
        idKey = Digest256.leading(of: route.id)
        self.issuers = (require?.issuers ?? []).filter(issuers.indices.contains).map { issuer in
            let narrowed = require?.audiences ?? []
            let audiences = narrowed.isEmpty ? issuers[issuer].audiences : narrowed
            return AllowedIssuer(index: issuer, audiences: audiences.map { Array($0.utf8) })
        }
        let all = require?.scopes ?? []
        let any = require?.anyScope ?? []
        scopes = all.map { Array($0.utf8) }
        anyScope = any.map { Array($0.utf8) }
        scopesRequired = all + any
        scopeAttribute = ChallengeText.scopeAttribute(all + any.prefix(1))
        claims = require?.claims ?? []
        comparesCaptures = claims.contains(where: \.comparesCaptures)
        stepUp = StepUp(require)
        needsCertificate = require?.needsClientCertificate ?? false
        clientIdentities = require?.clientIdentities ?? []
        proof = require?.proof
        needsNonce = require?.dpopNonce ?? false
        let allowed = (require?.issuers ?? []).filter(issuers.indices.contains).map { issuers[$0].dpopAlgorithms }
        let algorithms = Algorithm.allCases.filter { algorithm in allowed.contains { $0.contains(algorithm) } }
        proofChallenge = .dpop(algorithms: Array(algorithms.flatMap(\.names).joined(separator: " ").utf8))
        bearerChallenge = require?.proof == .dpop ? proofChallenge : .bearer
        challenge = require?.proof == .any ? proofChallenge.orBearer : bearerChallenge
        self.limits = route.limits.filter(limits.indices.contains).map { limits[$0] }
    }
}
