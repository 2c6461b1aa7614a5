import AuthorizationRecords
import JOSE
import JSON
import Octets

/// Who logged in at the provider, when and how. Made here only, of an ID token that counts.
struct VerifiedIdentity: Sendable {
    let issuer: String
    /// Never given twice by that issuer (OpenID Connect Core §2 `sub`).
    let subject: String
    let authentication: UserAuthentication
    let claims: JSONObject

    fileprivate init(issuer: String, subject: String, authentication: UserAuthentication, claims: JSONObject) {
        self.issuer = issuer
        self.subject = subject
        self.authentication = authentication
        self.claims = claims
    }
}

/// Judges ID tokens of the provider (OpenID Connect Core §3.1.3.7). Whatever is missing is wrong.
struct IDTokenVerifier: Sendable {
    /// Octets of `sub`, `acr` and each of `amr` at most (§2).
    static let textBytesMax = 255
    static let methodsMax = 16

    let clientID: String
    let provider: any IdentityProvider

    /// - Parameters:
    ///   - accessToken: that came with it.
    ///   - now: seconds since 1970.
    func judge(
        _ text: String, accessToken: String?, _ facts: ProviderFacts, _ logIn: ProviderLogIn, nonce: String, now: Int64
    ) async throws(ProviderFault) -> VerifiedIdentity {
        guard let jws = try? CompactJWS(Array(text.utf8)), isIDToken(jws.header) else { throw .malformedToken }
        guard facts.algorithms.contains(where: { $0.isNamed(jws.header.alg) }) else {
            throw .badSignature
        }
        guard let keys = await provider.keys(for: jws.header.kid) else { throw .unavailable }
        guard let verified = try? jws.verified(by: keys, allowing: facts.algorithms) else { throw .badSignature }
        let claims = verified.payload
        guard let issuer = claims["iss"]?.string, issuer.hasSameOctets(as: facts.issuer) else {
            throw .wrongTokenIssuer
        }
        guard isForUs(claims) else { throw .wrongAudience }
        try checkTimes(claims, logIn, skew: facts.clockSkewSeconds, now: now)
        guard let shown = claims["nonce"]?.string, shown.hasSameOctets(as: nonce) else { throw .wrongNonce }
        if let hash = claims["at_hash"] {
            guard let accessToken, let own = verified.algorithm.leftHalfHash(of: Array(accessToken.utf8)),
                hash.string == Base64URL.encode(own)
            else {
                throw .wrongAccessToken
            }
        }
        guard let subject = claims["sub"]?.string, (1...Self.textBytesMax).contains(subject.utf8.count) else {
            throw .malformedToken
        }
        return VerifiedIdentity(
            issuer: issuer, subject: subject,
            authentication: try authentication(claims, logIn, skew: facts.clockSkewSeconds, now: now), claims: claims)
    }

    /// Another JWT of the provider's is none, such as an access token (RFC 9068 §2.1).
    private func isIDToken(_ header: JOSEHeader) -> Bool { header.typ.map { $0.lowercased() == "jwt" } ?? true }

    /// For this server alone, or for several of which it is the one that asked. Others among them are trusted by nobody
    /// here.
    private func isForUs(_ claims: JSONObject) -> Bool {
        // Octet by octet: there are characters that Swift takes for a letter of ASCII.
        func isUs(_ name: JSON) -> Bool { name.string?.hasSameOctets(as: clientID) ?? false }
        if let party = claims["azp"], !isUs(party) { return false }
        switch claims["aud"] {
        case .array(let audiences)?:
            return audiences.contains(where: isUs) && (audiences.count == 1 || claims["azp"] != nil)
        case let audience?: return isUs(audience)
        case nil: return false
        }
    }

    /// It was made for this log-in: not before it began, and it has not ended.
    private func checkTimes(_ claims: JSONObject, _ logIn: ProviderLogIn, skew: Int64, now: Int64) throws(ProviderFault)
    {
        guard let expiry = claims["exp"]?.seconds, let issuedAt = claims["iat"]?.seconds else { throw .untimely }
        guard now < expiry &+ skew, issuedAt <= now &+ skew, issuedAt >= logIn.beganAt &- skew else { throw .untimely }
        if let start = claims["nbf"] {
            guard let start = start.seconds, start <= now &+ skew else { throw .untimely }
        }
    }

    /// `auth_time`, `acr` and `amr` as the provider says. When nobody says when somebody logged in, it is not known,
    /// and counts as long ago.
    private func authentication(_ claims: JSONObject, _ logIn: ProviderLogIn, skew: Int64, now: Int64)
        throws(ProviderFault) -> UserAuthentication
    {
        let time = claims["auth_time"]?.seconds
        if claims["auth_time"] != nil {
            // Some write 0 where they do not know.
            guard let time, time <= now &+ skew else { throw .malformedToken }
        }
        if let maxAge = logIn.maxAge {
            // §2: it must be there when it was asked for.
            guard let time, time >= logIn.beganAt &- maxAge &- skew else { throw .notFresh }
        }
        if logIn.demandsLogin, let time, time < logIn.beganAt &- skew { throw .notFresh }
        let methods = (claims["amr"]?.array ?? []).compactMap(\.string).filter {
            (1...Self.textBytesMax).contains($0.utf8.count)
        }
        return UserAuthentication(
            time: min(time ?? UserAuthentication.unknownTime, now),
            acr: claims["acr"]?.string.flatMap { (1...Self.textBytesMax).contains($0.utf8.count) ? $0 : nil },
            methods: Array(methods.prefix(Self.methodsMax)))
    }
}

extension JSON {
    /// Seconds since 1970, of which some write fractions (RFC 7519 §2); nil: it is no time that anybody means.
    fileprivate var seconds: Int64? {
        switch self {
        case .integer(let seconds): (0...253_402_300_799).contains(seconds) ? seconds : nil
        case .number(let seconds): (0...253_402_300_799).contains(seconds) ? Int64(seconds) : nil
        default: nil
        }
    }
}
