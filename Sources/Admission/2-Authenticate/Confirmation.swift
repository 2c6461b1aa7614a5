import JOSE
import JSON

/// To whom a token is bound: its `cnf` claim (RFC 7800 §3.1).
struct Confirmation: Sendable, Equatable {
    /// `x5t#S256` (RFC 8705 §3.1)
    var certificate: Digest256?
    /// `jkt` (RFC 9449 §6.1)
    var isBoundToKey = false

    /// - Throws: `malformed_claims` when it is not an object or a known member has not the right shape;
    ///   `unknown_confirmation` when there is no member that the gateway could check: such a token is not a plain
    ///   bearer token.
    init(_ claim: JSON) throws(Refusal) {
        guard let members = claim.object else { throw Refusal(.malformedClaims) }
        if let value = members["x5t#S256"] {
            guard let text = value.string, let octets = Base64URL.decode(text), let digest = Digest256(octets) else {
                throw Refusal(.malformedClaims)
            }
            certificate = digest
        }
        if let value = members["jkt"] {
            guard let text = value.string, !text.isEmpty else { throw Refusal(.malformedClaims) }
            isBoundToKey = true
        }
        guard certificate != nil || isBoundToKey else { throw Refusal(.unknownConfirmation) }
    }

    /// Judged on every request, because the connection may be another one. Both bindings must hold where there are
    /// two.
    func check(_ peer: borrowing PeerFacts) throws(Refusal) {
        if let certificate {
            guard let shown = peer.certificate, shown.thumbprint == certificate else {
                throw Refusal(.wrongCertificate)
            }
        }
        // Proofs of possession (RFC 9449) are not understood yet: a token that needs one is never a plain bearer
        // token.
        if isBoundToKey { throw Refusal(.missingProof) }
    }
}
