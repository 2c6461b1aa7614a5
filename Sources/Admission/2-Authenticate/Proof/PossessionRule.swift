import HTTP
import Policy

/// Whether the sender of a token may use it: the bindings of the token, what the route demands, and the proof that came.
/// Judged on every request, whether the token was known or not.
struct PossessionRule {
    let rules: RouteRules
    let entry: IssuerSet.Entry
    /// nil: proofs cannot be checked, so none counts.
    let ledger: ProofLedger?

    func judge(
        _ head: borrowing RequestHead, _ shown: PresentedToken, _ facts: TokenFacts, _ peer: borrowing PeerFacts,
        unixSeconds: Int64, now: Int64
    ) throws(Refusal) {
        let confirmation = facts.confirmation
        try confirmation?.checkCertificate(peer)
        guard isBound(confirmation) else { throw Refusal(.unboundToken) }
        guard let key = confirmation?.key else {
            // RFC 9449 §7.1: the scheme is for tokens that are bound to a key.
            if shown.scheme == .dpop { throw Refusal(.unboundToken) }
            return
        }
        // RFC 9449 §7.2: a token that is bound to a key is never taken for a plain bearer token.
        guard shown.scheme == .dpop, let field = shown.proof else { throw Refusal(.missingProof) }
        guard let ledger else { throw Refusal(.proofsUnavailable) }
        let proof = try DPoPProof(Array(head.octets(field)))
        try proof.check(head, isTLS: peer.isTLS, token: facts.tokenDigest, unixSeconds: unixSeconds)
        if rules.needsNonce || entry.issuer.dpopNonce {
            guard let nonce = proof.nonce, ledger.nonces.accepts(nonce, unixSeconds) else {
                throw Refusal(.nonceRequired).giving(nonce: ledger.nonces.current(unixSeconds))
            }
        }
        guard proof.thumbprint == key else { throw Refusal(.wrongProofKey) }
        try proof.verify(entry.issuer.dpopAlgorithms)
        try ledger.use(proof, now: now)
    }

    /// The token has the binding that the route demands.
    private func isBound(_ confirmation: Confirmation?) -> Bool {
        switch rules.proof {
        case nil: true
        case .dpop: confirmation?.key != nil
        case .mtls: confirmation?.certificate != nil
        case .any: confirmation != nil
        }
    }
}
