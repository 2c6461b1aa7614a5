package import HTTP
import JOSE
import JSON
import Octets
import Policy
import Proof

/// What records say of a token that was refused: which one it was, whose, and what was wrong with it.
package struct RefusedToken: Sendable {
    /// SHA-256 of the token, for a keyed hash; it is a secret as the token is.
    package let digest: Digest256
    /// Whose it is, once its issuer has vouched for it, by a signature or by saying so; nil: nobody has.
    package let owner: TokenOwner?
    /// `iss` of a token for which nobody vouches: whoever sent it may have written it. 256 octets at most.
    package let issuerClaimed: String?
    /// What the token, or its sender, has where something else was expected: a claim, a name, a thumbprint. Nobody
    /// vouches for it where `owner` is nil. nil: the code says all that there is to say.
    package let difference: Difference?
}

/// Whose a token is, by what its issuer vouches for, before anything of it is judged.
package struct TokenOwner: Sendable, Equatable {
    /// What `routes.yaml` calls the issuer.
    package let issuerName: String
    /// `sub`
    package let subject: String?
    /// `client_id`, or `azp` in tokens that are not `at+jwt`.
    package let clientID: String?
    /// As it stands in the token; nil: it was not looked at yet.
    package let scope: String?

    init(_ claims: JSONObject, issuer: Issuer, type: String) {
        issuerName = issuer.name
        subject = claims["sub"]?.string
        clientID = claims["client_id"]?.string ?? (type == "at+jwt" ? nil : claims["azp"]?.string)
        scope = nil
    }

    init(_ facts: borrowing TokenFacts) {
        issuerName = facts.issuerName
        subject = facts.subject
        clientID = facts.clientID
        scope = facts.scope
    }
}

/// A token that was refused, or has to be asked about, although its issuer vouches for it.
package struct SuspectToken: Sendable {
    let digest: Digest256
    let owner: TokenOwner
    /// nil: what it says is not in order, or not known to count.
    let facts: TokenFacts?
    /// Which of the route's issuers it is.
    let issuer: Int

    init(_ principal: Principal, issuer: Int) {
        facts = principal.facts
        digest = principal.facts.tokenDigest
        owner = TokenOwner(principal.facts)
        self.issuer = issuer
    }

    init(_ digest: Digest256, _ owner: TokenOwner, issuer: Int) {
        self.digest = digest
        self.owner = owner
        facts = nil
        self.issuer = issuer
    }
}

extension Authenticator {
    /// What there is to say of the token of a request that was refused. Costs what a look at the token costs: it is read
    /// again, unless its sender has sent too many.
    package func refusedToken(
        _ head: borrowing RequestHead, _ token: PresentedToken, _ refusal: Refusal, rules: RouteRules,
        issuers: borrowing IssuerSet, peer: borrowing PeerFacts, unixSeconds: Int64
    ) -> RefusedToken {
        let digest = Self.digest(head.block.bytes, token.token)
        let suspect = takeSuspect(digest)
        let jws = refusal.code == .tooManyBadTokens ? nil : try? CompactJWS(Array(head.octets(token.token)))
        let difference = TokenDifference(
            rules: rules, issuers: copy issuers, jws: jws, facts: suspect?.facts,
            issuer: suspect.map { issuers.entries[rules.issuers[$0.issuer].index] },
            audiences: suspect.map { rules.issuers[$0.issuer].audiences })
        let found: Difference?
        switch refusal.code {
        case .wrongProofKey, .wrongProofTarget, .staleProof, .replayedProof:
            let proof = token.proof.flatMap { try? DPoPProof(Array(head.octets($0))) }
            let request = ProvedRequest(head, isTLS: peer.isTLS)
            found = proof.flatMap { difference.proof(refusal.code, $0, request, unixSeconds) }
        case .wrongCertificate: found = difference.certificate(peer.heldThumbprint)
        default: found = refusal.difference ?? difference.found(refusal.code, unixSeconds)
        }
        return RefusedToken(
            digest: digest, owner: suspect?.owner,
            issuerClaimed: suspect == nil ? (jws?.unverifiedClaims["iss"]?.string).map(Difference.cut) : nil,
            difference: found)
    }
}

/// What a token has and what was expected, in words for records.
private struct TokenDifference {
    let rules: RouteRules
    let issuers: IssuerSet
    /// The token; nil: it is no JWT, or is not read.
    let jws: CompactJWS?
    /// nil: nobody vouches for the token, or what it says is not in order.
    let facts: TokenFacts?
    let issuer: IssuerSet.Entry?
    let audiences: [[UInt8]]?

    func proof(_ code: RefusalCode, _ proof: DPoPProof, _ request: ProvedRequest, _ now: Int64) -> Difference? {
        switch code {
        case .wrongProofKey:
            facts?.confirmation?.key.map {
                Difference(found: Self.thumbprint(proof.thumbprint), expected: Self.thumbprint($0.octets))
            }
        case .wrongProofTarget:
            Difference(
                found: "htm: \(proof.method) htu: \(proof.shownTarget)",
                expected: "htm: \(request.methodText) htu: \(request.target)")
        case .staleProof:
            if proof.isOver(now) {
                Difference(found: "exp \(proof.expiresAt ?? now)", expected: "after \(now)")
            } else if proof.isToCome(now) {
                Difference(
                    found: "nbf \(proof.notBefore ?? now)",
                    expected: "not after \(now.saturatingAdd(DPoPProof.skewSeconds))")
            } else {
                Difference(
                    found: "iat \(proof.issuedAt)", expected: "within \(DPoPProof.windowSeconds) s of \(now)")
            }
        case .replayedProof: Difference(found: "jti: \(proof.tokenID)", expected: nil)
        default: nil
        }
    }

    func certificate(_ shown: Digest256?) -> Difference? {
        facts?.confirmation?.certificate.map {
            Difference(found: Self.thumbprint(shown?.octets), expected: Self.thumbprint($0.octets))
        }
    }

    func found(_ code: RefusalCode, _ now: Int64) -> Difference? {
        let skew = issuer?.clockSkewSeconds ?? 0
        switch code {
        case .expiredToken:
            return facts.map {
                Difference(found: "exp \($0.expires)", expected: "after \(now.saturatingSubtract(skew))")
            }
        case .notYetValid:
            return facts?.notBefore.map {
                Difference(found: "nbf \($0)", expected: "not after \(now.saturatingAdd(skew))")
            }
        case .issuedInFuture:
            return facts?.issuedAt.map {
                Difference(found: "iat \($0)", expected: "not after \(now.saturatingAdd(skew))")
            }
        case .unboundToken: return rules.proof.map { Difference(found: "none", expected: $0.rawValue) }
        case .missingProof:
            return facts?.confirmation?.key.map { Difference(found: "none", expected: Self.thumbprint($0.octets)) }
        default: return claim(code)
        }
    }

    /// What the token says of itself, read again.
    private func claim(_ code: RefusalCode) -> Difference? {
        let allowed = rules.issuers.map { issuers.entries[$0.index].issuer }
        switch code {
        case .wrongAudience:
            let mine = facts?.audiences.map { String(decoding: $0, as: UTF8.self) }
            let wanted =
                audiences?.map { String(decoding: $0, as: UTF8.self) } ?? allowed.flatMap(\.audiences)
            guard let name = issuer?.issuer.audienceClaim, name != ["aud"] else {
                return Difference(found: mine ?? [], expected: wanted)
            }
            let claim = name.joined(separator: ".")
            return Difference(
                found: "\(claim): \(Difference.words(mine ?? []))", expected: "\(claim): \(Difference.words(wanted))")
        case .wrongType:
            guard let header = jws?.header else { return nil }
            return Difference(
                found: [header.typ ?? "absent"], expected: allowed.flatMap(\.types).map { $0.isEmpty ? "absent" : $0 })
        case .wrongIssuer:
            guard let jws else { return nil }
            return Difference(
                found: [jws.unverifiedClaims["iss"]?.string ?? "none"], expected: allowed.map(\.identifier))
        case .unsupportedAlgorithm:
            guard let header = jws?.header else { return nil }
            return Difference(found: [header.alg], expected: allowed.flatMap(\.algorithms).map(\.rawValue))
        case .unknownKey, .keysUnavailable:
            guard let jws else { return nil }
            let known = claimedIssuer(jws)?.keys?.set.keys.compactMap(\.kid) ?? []
            return Difference(
                found: "kid: \(jws.header.kid ?? "absent")",
                expected: known.isEmpty ? nil : "kid: \(Difference.words(known))")
        default: return nil
        }
    }

    /// Whose the token says it is.
    private func claimedIssuer(_ jws: CompactJWS) -> IssuerSet.Entry? {
        guard let name = jws.unverifiedClaims["iss"]?.string else { return nil }
        return rules.issuers.lazy.map { issuers.entries[$0.index] }.first {
            $0.identifiers.canonical(name, jws.unverifiedClaims) != nil
        }
    }

    /// As `cnf` has it (RFC 8705 §3.1, RFC 9449 §6.1).
    private static func thumbprint(_ octets: [UInt8]?) -> String { octets.map(Base64URL.encode) ?? "none" }
}
