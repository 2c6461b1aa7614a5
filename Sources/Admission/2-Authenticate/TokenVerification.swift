import JOSE
import JSON
import Policy

/// The first look at a token: whose it says it is, whether its signature is that issuer's or the issuer says that it is
/// active, and what is true of it.
///
/// The issuer is found first, by the claim that nothing vouches for yet, and only among those that the route allows;
/// then the key, only among that issuer's (RFC 8725 §3.8). So a key of one issuer never vouches for another's token.
struct TokenVerification {
    let rules: RouteRules
    let issuers: IssuerSet
    let companion: Principal.MakeCompanion?
    /// What an issuer has said of the token, and how long that counts (monotonic nanoseconds); nil: none was asked yet.
    let introspected: (verdict: IntrospectionVerdict, freshUntil: Int64)?
    let signatures: CheckedSignatures

    enum Finding {
        /// And its issuer's place in `RouteRules.issuers`, and how long the finding counts (monotonic nanoseconds).
        case verified(Principal, issuer: Int, freshUntil: Int64)
        /// This issuer (index into `Policy.issuers`) must be asked about it.
        /// - Parameter owner: whose it is, where the signature holds.
        case unasked(issuer: Int, owner: TokenOwner?)
        /// It is refused, although its issuer (place in `RouteRules.issuers`) vouches for it.
        case refused(Refusal, owner: TokenOwner, issuer: Int)
        /// The keys of this issuer (index into `Policy.issuers`) are not loaded, or do not have the token's `kid` and
        /// may have it once they are fetched anew.
        case keysMissing(issuer: Int, kid: String?)
        /// The signature takes long to check.
        case unchecked(SignatureQuestion)
    }

    func verify(_ token: [UInt8], _ digest: Digest256) throws(Refusal) -> Finding {
        guard TokenShape.isJWT(token.span) else {
            guard Credential.isToken(token.span) else { throw Refusal(.malformedCredentials) }
            return try opaque(token, digest)
        }
        let jws = try parse(token)
        let (place, identifier) = try issuer(of: jws)
        let index = rules.issuers[place].index
        let entry = issuers.entries[index]
        if entry.issuer.judgement == .introspection { return try introspected(place, digest) }
        let type = jws.header.type
        let verified: VerifiedJWS
        do throws(Refusal) {
            guard entry.issuer.types.contains(where: { $0.hasSameOctets(as: type) }) else { throw Refusal(.wrongType) }
            guard entry.issuer.algorithms.contains(where: { $0.isNamed(jws.header.alg) }) else {
                throw Refusal(.unsupportedAlgorithm)
            }
            guard let keys = entry.keys else { return .keysMissing(issuer: index, kid: jws.header.kid) }
            if case .fetched = entry.issuer.keys, let kid = jws.header.kid, !keys.set.has(kid: kid) {
                return .keysMissing(issuer: index, kid: kid)
            }
            switch try checked(jws, keys.set, entry, digest) {
            case .checked(.success(let jws)): verified = jws
            case .checked(.failure(let error)): throw Refusal(error.refusalCode)
            case .unchecked(let question): return .unchecked(question)
            }
        } catch {
            // Whoever cannot show a token of an issuer that is not listed does not learn that it exists.
            throw entry.issuer.listed ? error : error.told(as: .wrongIssuer)
        }
        let owner = TokenOwner(verified.payload, issuer: entry.issuer, type: type)
        var verdict: IntrospectionVerdict?
        var freshUntil = Int64.max
        if entry.issuer.judgement == .both {
            guard let said = said(of: digest, by: entry) else { return .unasked(issuer: index, owner: owner) }
            (verdict, freshUntil) = said
        }
        do throws(Refusal) {
            let principal = try verified.principal(
                issuer: entry.issuer, identifier: identifier, type: type, digest: digest, narrowedBy: verdict,
                companion: companion)
            return .verified(principal, issuer: place, freshUntil: freshUntil)
        } catch {
            return .refused(error, owner: owner, issuer: place)
        }
    }

    // MARK: - What the issuer says

    /// An opaque token, or an encrypted one: it does not say whose it is. It belongs to the one issuer of the route
    /// that is asked about such tokens, or whose tokens begin like it; nobody else is shown it.
    private func opaque(_ token: [UInt8], _ digest: Digest256) throws(Refusal) -> Finding {
        var isAnyAsked = false
        for (place, allowed) in rules.issuers.enumerated() {
            let issuer = issuers.entries[allowed.index].issuer
            guard issuer.judgement == .introspection, let introspection = issuer.introspection else { continue }
            isAnyAsked = true
            let prefixes = introspection.tokenPrefixes
            guard prefixes.isEmpty || prefixes.contains(where: { token.starts(with: $0.utf8) }) else { continue }
            return try introspected(place, digest)
        }
        // Where every token is a JWT, this is a broken one.
        throw Refusal(isAnyAsked ? .wrongIssuer : .malformedToken)
    }

    private func introspected(_ place: Int, _ digest: Digest256) throws(Refusal) -> Finding {
        let index = rules.issuers[place].index
        let entry = issuers.entries[index]
        guard let (verdict, freshUntil) = said(of: digest, by: entry) else {
            return .unasked(issuer: index, owner: nil)
        }
        do throws(Refusal) {
            let principal = try verdict.principal(issuer: entry.issuer, companion: companion)
            return .verified(principal, issuer: place, freshUntil: freshUntil)
        } catch {
            // It says that the token is another's.
            if error.code == .wrongIssuer { throw error }
            return .refused(error, owner: TokenOwner(verdict.claims, issuer: entry.issuer, type: ""), issuer: place)
        }
    }

    private func said(of digest: Digest256, by entry: IssuerSet.Entry) -> (IntrospectionVerdict, Int64)? {
        guard let introspected, introspected.verdict.concerns(digest, entry) else { return nil }
        return introspected
    }

    // MARK: - What the signature says

    private func parse(_ token: [UInt8]) throws(Refusal) -> CompactJWS {
        do throws(JOSEError) { return try CompactJWS(token) } catch {
            // What is a compact JWS is a token by RFC 6750 §2.1 as well, so only what is none is looked at twice.
            throw Refusal(Credential.isToken(token.span) ? error.refusalCode : .malformedCredentials)
        }
    }

    private func checked(
        _ jws: CompactJWS, _ keys: JWKSet, _ entry: IssuerSet.Entry, _ digest: Digest256
    ) throws(Refusal) -> CheckedSignatures.Finding {
        do throws(JOSEError) {
            let check = try jws.check(by: keys, allowing: entry.issuer.algorithms)
            return signatures.outcome(check, SignatureName(token: digest, entry))
        } catch {
            throw Refusal(error.refusalCode)
        }
    }

    /// The first of the route's issuers whose `iss` it is, and the identifier that the token's caller belongs to.
    private func issuer(of jws: CompactJWS) throws(Refusal) -> (Int, String) {
        guard let claim = jws.unverifiedClaims["iss"] else { throw Refusal(.wrongIssuer) }
        guard let name = claim.string else { throw Refusal(.malformedClaims) }
        for (place, allowed) in rules.issuers.enumerated() {
            let identifiers = issuers.entries[allowed.index].identifiers
            if let identifier = identifiers.canonical(name, jws.unverifiedClaims) { return (place, identifier) }
        }
        throw Refusal(.wrongIssuer)
    }
}

extension JWKSet {
    fileprivate func has(kid: String) -> Bool { keys.contains { $0.kid?.hasSameOctets(as: kid) == true } }
}
