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
    package let principal: Principal?
    /// What the token, or its sender, has where something else was expected: a claim, a name, a thumbprint. Nobody
    /// vouches for it where `principal` is nil. nil: the code says all that there is to say.
    package let found: String?
    /// What would have counts; nil with `found`.
    package let expected: String?
}

extension Authenticator {
    /// What there is to say of the token of a request that was refused. Costs what a look at the token costs: it is read
    /// again.
    package func refusedToken(
        _ head: borrowing RequestHead, _ token: PresentedToken, _ code: RefusalCode, rules: RouteRules,
        issuers: borrowing IssuerSet, peer: borrowing PeerFacts, unixSeconds: Int64
    ) -> RefusedToken {
        let octets = Array(head.octets(token.token))
        let digest = Self.digest(head.block.bytes, token.token)
        let suspect = takeSuspect(digest)
        let difference = TokenDifference(
            rules: rules, issuers: copy issuers, facts: suspect?.principal.facts,
            issuer: suspect.map { issuers.entries[rules.issuers[$0.issuer].index] },
            audiences: suspect.map { rules.issuers[$0.issuer].audiences })
        let texts: (found: String, expected: String)?
        switch code {
        case .wrongProofKey:
            let shown = token.proof.flatMap { try? DPoPProof(Array(head.octets($0))) }?.thumbprint
            texts = difference.key(shown)
        case .wrongCertificate: texts = difference.certificate(peer.certificate?.thumbprint)
        default: texts = difference.texts(code, octets, unixSeconds)
        }
        return RefusedToken(
            digest: digest, principal: suspect?.principal, found: texts?.found, expected: texts?.expected)
    }
}

/// What a token has and what was expected, in words for records.
private struct TokenDifference {
    let rules: RouteRules
    let issuers: IssuerSet
    /// nil: nobody vouches for the token.
    let facts: TokenFacts?
    let issuer: IssuerSet.Entry?
    let audiences: [[UInt8]]?

    func key(_ shown: [UInt8]?) -> (String, String)? {
        facts?.confirmation?.key.map { (Self.thumbprint(shown), Self.thumbprint($0.octets)) }
    }

    func certificate(_ shown: Digest256?) -> (String, String)? {
        facts?.confirmation?.certificate.map { (Self.thumbprint(shown?.octets), Self.thumbprint($0.octets)) }
    }

    func texts(_ code: RefusalCode, _ token: [UInt8], _ now: Int64) -> (String, String)? {
        let skew = issuer?.clockSkewSeconds ?? 0
        switch code {
        case .expiredToken: return facts.map { ("exp \($0.expires)", "after \(now.saturatingSubtract(skew))") }
        case .notYetValid:
            return facts?.notBefore.map { ("nbf \($0)", "not after \(now.saturatingAdd(skew))") }
        case .issuedInFuture:
            return facts?.issuedAt.map { ("iat \($0)", "not after \(now.saturatingAdd(skew))") }
        case .unboundToken: return rules.proof.map { ("none", $0.rawValue) }
        case .missingProof: return facts?.confirmation?.key.map { ("none", Self.thumbprint($0.octets)) }
        case .wrongAudience, .wrongType, .wrongIssuer, .unsupportedAlgorithm: return claim(code, token)
        default: return nil
        }
    }

    /// What the token says of itself, read again.
    private func claim(_ code: RefusalCode, _ token: [UInt8]) -> (String, String)? {
        let jws = try? CompactJWS(token)
        let allowed = rules.issuers.map { issuers.entries[$0.index].issuer }
        switch code {
        case .wrongAudience:
            let mine = facts?.audiences.map { String(decoding: $0, as: UTF8.self) }
            let said = (try? TokenFacts.audiences(jws?.unverifiedClaims["aud"]))?.map {
                String(decoding: $0, as: UTF8.self)
            }
            let wanted =
                audiences?.map { String(decoding: $0, as: UTF8.self) } ?? allowed.flatMap(\.audiences)
            return Self.cut(mine ?? said ?? [], wanted)
        case .wrongType:
            guard let header = jws?.header else { return nil }
            return Self.cut([header.typ ?? "absent"], allowed.flatMap(\.types).map { $0.isEmpty ? "absent" : $0 })
        case .wrongIssuer:
            guard let jws else { return nil }
            return Self.cut([jws.unverifiedClaims["iss"]?.string ?? "none"], allowed.map(\.identifier))
        case .unsupportedAlgorithm:
            guard let header = jws?.header else { return nil }
            return Self.cut([header.alg], allowed.flatMap(\.algorithms).map(\.rawValue))
        default: return nil
        }
    }

    private static let octetsMax = 256

    private static func cut(_ found: [String], _ expected: [String]) -> (String, String) {
        func text(_ names: [String]) -> String {
            var seen: Set<String> = []
            let text = names.filter { seen.insert($0).inserted }.joined(separator: " ")
            return String(decoding: text.utf8.prefix(octetsMax), as: UTF8.self)
        }
        return (found.isEmpty ? "none" : text(found), text(expected))
    }

    /// As `cnf` has it (RFC 8705 §3.1, RFC 9449 §6.1).
    private static func thumbprint(_ octets: [UInt8]?) -> String { octets.map(Base64URL.encode) ?? "none" }
}
