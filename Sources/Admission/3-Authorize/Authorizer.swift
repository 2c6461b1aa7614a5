import Policy

/// Leave to serve one request: what limiting and picking ask for. Made here only.
package struct Permit: Sendable {
    package let rules: RouteRules
    /// nil: the route needs no token.
    package let principal: Principal?
    package let address: ClientAddress

    fileprivate init(_ rules: RouteRules, _ principal: Principal?, _ address: ClientAddress) {
        self.rules = rules
        self.principal = principal
        self.address = address
    }
}

/// Decides whether a caller may do what it asks for. Evaluated on every request, from facts.
package enum Authorizer {
    /// The permit for a request, when the caller has all that its route demands.
    ///
    /// In this order: client certificate and its identity (`certificate_required`, `wrong_client_identity`), scopes
    /// (`insufficient_scope`), claims (`claim_mismatch`), all 403; then how the user was authenticated
    /// (`insufficient_user_authentication`, 401): nobody is sent to log in again who would not be let in afterwards
    /// (RFC 9470 §3). A caller that was judged for another route, or none where the route needs one, is
    /// `missing_token`.
    /// - Parameters:
    ///   - caller: what the authenticator gave for this request; nil on a route that needs no token.
    ///   - path: what the route's path captured, where `RouteRules.comparesCaptures`.
    package static func authorize(
        _ caller: Caller?, rules: RouteRules, peer: borrowing PeerFacts, path: CapturedPath = .none
    ) throws(Refusal) -> Permit {
        if rules.needsCertificate { try certificate(peer.certificate, rules) }
        guard rules.needsToken else { return Permit(rules, nil, peer.address) }
        guard let caller, caller.route == rules.index else {
            throw Refusal(.missingToken, scope: rules.scopeAttribute).asking(rules.challenge)
        }
        let principal = caller.principal
        // One by one: a copy of all facts costs a reference count for each of them.
        let (held, match) = (principal.facts.scopes, principal.facts.scopeMatch)
        guard rules.scopes.allSatisfy({ match.covers($0, heldBy: held) }),
            rules.anyScope.isEmpty || rules.anyScope.contains(where: { match.covers($0, heldBy: held) })
        else { throw Refusal(.insufficientScope, scope: rules.scopeAttribute).asking(caller.challenge) }
        if !rules.claims.isEmpty, let rule = rules.claims.firstUnsatisfied(by: principal.facts.claims, path: path) {
            throw Refusal(.claimMismatch).noting(rule.difference(from: principal.facts.claims)).asking(caller.challenge)
        }
        if let stepUp = rules.stepUp,
            !stepUp.isMet(by: principal.facts, at: caller.judgedAt, skew: caller.clockSkewSeconds)
        {
            throw Refusal(
                .insufficientUserAuthentication, scope: rules.scopeAttribute, authentication: stepUp.attributes
            ).noting(
                stepUp.difference(from: principal.facts, at: caller.judgedAt, skew: caller.clockSkewSeconds)
            ).asking(caller.challenge)
        }
        return Permit(rules, caller.principal, peer.address)
    }

    private static func certificate(_ shown: ClientCertificate?, _ rules: RouteRules) throws(Refusal) {
        guard let shown else { throw Refusal(.certificateRequired) }
        guard rules.clientIdentities.isEmpty || rules.clientIdentities.contains(where: shown.has) else {
            throw Refusal(.wrongClientIdentity).noting(
                Difference(found: [shown.identity], expected: rules.clientIdentities.map(\.text)))
        }
    }
}
