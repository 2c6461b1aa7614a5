import HTTP
import Policy
import Proof

/// Whether the sender of a token may use it: the bindings of the token, what the route demands, and the proof that
/// came. Judged on every request, whether the token was known or not.
struct PossessionRule {
    let rules: RouteRules
    let entry: IssuerSet.Entry
    /// nil: proofs cannot be checked, so none counts.
    let ledger: ProofLedger?

    /// - Parameter signatures: what is known of proofs whose check takes long: the sender chose their key.
    /// - Returns: what must be checked elsewhere first; nil: they may use it.
    func judge(
        _ head: borrowing RequestHead, _ shown: PresentedToken, _ principal: Principal, _ peer: borrowing PeerFacts,
        unixSeconds: Int64, now: Int64, signatures: CheckedSignatures
    ) throws(Refusal) -> SignatureQuestion? {
        guard let key = try boundKey(of: principal, peer) else {
            // RFC 9449 §7.1: the scheme is for tokens that are bound to a key.
            if shown.scheme == .dpop { throw Refusal(.unboundToken) }
            return nil
        }
        // RFC 9449 §7.2: a token that is bound to a key is never taken for a plain bearer token.
        guard shown.scheme == .dpop, let field = shown.proof else { throw Refusal(.missingProof) }
        guard let ledger else { throw Refusal(.proofsUnavailable) }
        let request = ProvedRequest(head, isTLS: peer.isTLS)
        let octets = Array(head.octets(field))
        let proof = try Self.refusing { () throws(ProofError) in try DPoPProof(octets) }
        // RFC 9449 §4.2: with an access token, `ath` must be there.
        guard let ath = proof.tokenDigest.flatMap(Digest256.init) else { throw Refusal(.malformedProof) }
        try Self.refusing { () throws(ProofError) in try proof.check(request, unixSeconds: unixSeconds) }
        guard ath == principal.facts.tokenDigest else { throw Refusal(.wrongProofToken) }
        if rules.needsNonce || entry.issuer.dpopNonce {
            guard let nonce = proof.nonce, ledger.nonces.accepts(nonce, unixSeconds) else {
                throw Refusal(.nonceRequired).giving(nonce: ledger.nonces.current(unixSeconds))
            }
        }
        guard Digest256(proof.thumbprint) == key else { throw Refusal(.wrongProofKey) }
        let check = try Self.refusing { () throws(ProofError) in try proof.check(entry.issuer.dpopAlgorithms) }
        switch signatures.outcome(check, SignatureName(proof: octets)) {
        case .checked(.success): break
        case .checked(.failure(let error)): throw Refusal(ProofError(error).refusalCode)
        case .unchecked(let question): return question
        }
        try ledger.use(proof, now: now)
        return nil
    }

    /// A token that came by itself: there is no connection and no proof, so a token that is bound to either is of no
    /// use to whoever shows it.
    func judge(unproved principal: Principal) throws(Refusal) {
        guard try boundKey(of: principal, .nobody) == nil else { throw Refusal(.missingProof) }
    }

    /// The key that the token is bound to, once its other bindings are judged; nil: it is bound to none.
    private func boundKey(of principal: Principal, _ peer: borrowing PeerFacts) throws(Refusal) -> Digest256? {
        let confirmation = principal.facts.confirmation
        try confirmation?.checkCertificate(peer)
        guard isBound(confirmation) else { throw Refusal(.unboundToken) }
        return confirmation?.key
    }

    private static func refusing<Value>(_ step: () throws(ProofError) -> Value) throws(Refusal) -> Value {
        do throws(ProofError) { return try step() } catch { throw Refusal(error.refusalCode) }
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

extension ProofError {
    fileprivate var refusalCode: RefusalCode {
        switch self {
        case .malformed: .malformedProof
        case .badKey: .badProofKey
        case .wrongTarget: .wrongProofTarget
        case .stale: .staleProof
        case .badSignature: .badProofSignature
        }
    }
}
