import JOSE
import JSON
import Policy

/// The first look at a token: whose it says it is, whether its signature is that issuer's, and what it says.
///
/// The issuer is found first, by the claim that nothing vouches for yet, and only among those that the route allows;
/// then the key, only among that issuer's (RFC 8725 §3.8). So a key of one issuer never vouches for another's token.
struct TokenVerification {
    let rules: RouteRules
    let issuers: IssuerSet
    let companion: Principal.MakeCompanion?

    enum Finding {
        /// And its issuer's place in `RouteRules.issuers`.
        case verified(Principal, issuer: Int)
        /// The keys of this issuer (index into `Policy.issuers`) are not loaded, or do not have the token's `kid` and may have
        /// it once they are fetched anew.
        case keysMissing(issuer: Int, kid: String?)
    }

    func verify(_ token: [UInt8], _ digest: Digest256) throws(Refusal) -> Finding {
        let jws = try parse(token)
        let (place, identifier) = try issuer(of: jws)
        let index = rules.issuers[place].index
        let entry = issuers.entries[index]
        let type = jws.header.type
        let verified: VerifiedJWS
        do throws(Refusal) {
            guard entry.issuer.types.contains(where: { $0.hasSameOctets(as: type) }) else { throw Refusal(.wrongType) }
            guard entry.issuer.algorithms.contains(where: { $0.rawValue.hasSameOctets(as: jws.header.alg) }) else {
                throw Refusal(.unsupportedAlgorithm)
            }
            guard let keys = entry.keys else { return .keysMissing(issuer: index, kid: jws.header.kid) }
            if case .fetched = entry.issuer.keys, let kid = jws.header.kid, !keys.set.has(kid: kid) {
                return .keysMissing(issuer: index, kid: kid)
            }
            verified = try self.verified(jws, keys.set, entry.issuer.algorithms)
        } catch {
            // Whoever cannot show a token of an issuer that is not listed does not learn that it exists.
            throw entry.issuer.listed ? error : error.told(as: .wrongIssuer)
        }
        return .verified(
            try verified.principal(issuer: entry.issuer, identifier: identifier, type: type, digest: digest, companion: companion),
            issuer: place)
    }

    private func parse(_ token: [UInt8]) throws(Refusal) -> CompactJWS {
        do throws(JOSEError) { return try CompactJWS(token) } catch {
            // What is a compact JWS is a token by RFC 6750 §2.1 as well, so only what is none is looked at twice.
            throw Refusal(Credential.isToken(token.span) ? error.refusalCode : .malformedCredentials)
        }
    }

    private func verified(
        _ jws: CompactJWS, _ keys: JWKSet, _ algorithms: [Algorithm]
    ) throws(Refusal) -> VerifiedJWS {
        do throws(JOSEError) { return try jws.verified(by: keys, allowing: algorithms) } catch {
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
