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
        /// The keys of this issuer (index into `Policy.issuers`) are not loaded.
        case keysMissing(issuer: Int)
    }

    func verify(_ token: [UInt8], _ digest: Digest256) throws(Refusal) -> Finding {
        guard Credential.isToken(token.span) else { throw Refusal(.malformedCredentials) }
        let jws = try parse(token)
        let place = try issuer(of: jws)
        let index = rules.issuers[place].index
        let entry = issuers.entries[index]
        let type = Self.type(jws.header.typ)
        let verified: VerifiedJWS
        do throws(Refusal) {
            guard entry.issuer.types.contains(where: { $0.hasSameOctets(as: type) }) else { throw Refusal(.wrongType) }
            guard entry.issuer.algorithms.contains(where: { $0.rawValue.hasSameOctets(as: jws.header.alg) }) else {
                throw Refusal(.unsupportedAlgorithm)
            }
            guard let keys = entry.keys else { return .keysMissing(issuer: index) }
            verified = try self.verified(jws, keys.set, entry.issuer.algorithms)
        } catch {
            // Whoever cannot show a token of an issuer that is not listed does not learn that it exists.
            throw entry.issuer.listed ? error : error.told(as: .wrongIssuer)
        }
        return .verified(
            try verified.principal(issuer: entry.issuer, type: type, digest: digest, companion: companion),
            issuer: place)
    }

    private func parse(_ token: [UInt8]) throws(Refusal) -> CompactJWS {
        do throws(JOSEError) { return try CompactJWS(token) } catch { throw Refusal(error.refusalCode) }
    }

    private func verified(
        _ jws: CompactJWS, _ keys: JWKSet, _ algorithms: [Algorithm]
    ) throws(Refusal) -> VerifiedJWS {
        do throws(JOSEError) { return try jws.verified(by: keys, allowing: algorithms) } catch {
            throw Refusal(error.refusalCode)
        }
    }

    /// `iss` compared code point by code point (RFC 8414 §3.3) with the issuers that the route allows.
    private func issuer(of jws: CompactJWS) throws(Refusal) -> Int {
        guard let claim = jws.unverifiedClaims["iss"] else { throw Refusal(.wrongIssuer) }
        guard let name = claim.string else { throw Refusal(.malformedClaims) }
        let place = rules.issuers.firstIndex { issuers.entries[$0.index].issuer.identifier.hasSameOctets(as: name) }
        guard let place else { throw Refusal(.wrongIssuer) }
        return place
    }

    /// `typ` without regard to case and without `application/` (RFC 7515 §4.1.9); empty when absent.
    static func type(_ typ: String?) -> String {
        let type = (typ ?? "").lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst(12)) : type
    }
}
