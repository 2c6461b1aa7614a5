package import HTTP
import JOSE
import JSON
import Octets
package import Policy

/// What an issuer has said of one token: that it is active, and what else is true of it (RFC 7662 §2.2).
///
/// Made here only, from an answer of the issuer's endpoint. It is the one thing beside a signature that holds from
/// which a principal can be made, and only for this token and this issuer.
package struct IntrospectionVerdict: Sendable {
    /// The only token that it is about, by its SHA-256.
    package let token: Digest256
    /// Names the issuer's entry under which it was asked.
    let issuer: Digest256
    let claims: JSONObject
    /// When it was said, in seconds since 1970.
    let saidAt: Int64

    fileprivate init(token: Digest256, issuer: Digest256, claims: JSONObject, saidAt: Int64) {
        self.token = token
        self.issuer = issuer
        self.claims = claims
        self.saidAt = saidAt
    }

    /// `exp`, if the issuer gave one that can be read.
    var expires: Int64? { (try? TokenFacts.date(claims["exp"], "exp", .down)) ?? nil }

    /// Whether it is about this token, under this entry.
    func concerns(_ token: Digest256, _ entry: IssuerSet.Entry) -> Bool {
        self.token == token && issuer == entry.configuration
    }
}

/// An answer of an introspection endpoint, understood.
package enum IntrospectionAnswer: Sendable {
    /// Active, with the claims that the issuer has told.
    case active(IntrospectionVerdict)
    /// Not active, in whatever way that was said: only the boolean `true` is active (RFC 7662 §2.2).
    case inactive
}

/// Reads what one issuer's endpoint answers.
package struct IntrospectionAnswerReader: Sendable {
    private let issuer: Issuer
    private let introspection: Introspection
    private let configuration: Digest256
    private let identifiers: IssuerIdentifiers

    /// Octets of an answer at most: many times what any issuer says of a token.
    package static let answerBytesMax = 65_536
    private static let limits = JSONLimits(bytesMax: answerBytesMax, depthMax: 16, membersMax: 1_024)
    /// A signed answer is made for the moment; nobody keeps one (RFC 9701 §8.2).
    private static let ageSecondsMax: Int64 = 60

    /// nil: this issuer is not asked.
    package init?(_ issuer: Issuer) {
        guard let introspection = issuer.introspection else { return nil }
        self.issuer = issuer
        self.introspection = introspection
        configuration = IssuerSet.fingerprint(issuer, nil)
        identifiers = IssuerIdentifiers(issuer)
    }

    /// What `Accept` is to say.
    package var mediaType: String {
        introspection.jwtResponse ? "application/token-introspection+jwt" : "application/json"
    }

    /// - Parameters:
    ///   - keys: the issuer's, for signed answers; nil: none are there.
    ///   - unixSeconds: when the answer came.
    package func read(
        _ reply: OutgoingAnswer, about token: Digest256, keys: IssuerKeys?, unixSeconds: Int64
    ) throws(IntrospectionFailure) -> IntrospectionAnswer {
        try check(reply)
        let members = introspection.jwtResponse ? try signed(reply, keys, unixSeconds) : try plain(reply.body)
        guard case .bool(true)? = members["active"] else { return .inactive }
        return .active(
            IntrospectionVerdict(token: token, issuer: configuration, claims: members.withoutNulls, saidAt: unixSeconds)
        )
    }

    /// The `kid` of a signed answer: for fetching the key that it names, which nothing vouches for yet.
    package func keyID(of reply: OutgoingAnswer) -> String? {
        introspection.jwtResponse ? (try? CompactJWS(reply.body))?.header.kid : nil
    }

    private func check(_ reply: OutgoingAnswer) throws(IntrospectionFailure) {
        switch reply.status {
        case 200: break
        case 300..<400: throw .redirected
        case 401, 403: throw .unauthorized
        case 408, 429: throw .badStatus
        case 400..<500: throw .refusedRequest
        default: throw .badStatus
        }
        guard reply.body.count <= Self.answerBytesMax else { throw .noAnswer(.tooLarge) }
        guard reply.isOf(types: [mediaType]) else { throw .wrongContentType }
    }

    private func plain(_ body: [UInt8]) throws(IntrospectionFailure) -> JSONObject {
        guard let members = (try? JSON.parse(body, limits: Self.limits))?.object else { throw .notJSON }
        return members
    }

    /// RFC 9701 §5: a JWT of a type of its own, by the issuer, for this gateway, of just now. What it says of the token
    /// stands in `token_introspection`, and nothing outside counts.
    private func signed(
        _ reply: OutgoingAnswer, _ keys: IssuerKeys?, _ unixSeconds: Int64
    ) throws(IntrospectionFailure) -> JSONObject {
        let jws: CompactJWS
        do throws(JOSEError) { jws = try CompactJWS(reply.body) } catch { throw .malformedJWT }
        guard jws.header.type == "token-introspection+jwt",
            issuer.algorithms.contains(where: { $0.isNamed(jws.header.alg) })
        else { throw .foreignJWT }
        guard let keys else { throw .unknownKey }
        let claims: JSONObject
        do throws(JOSEError) { claims = try jws.verified(by: keys.set, allowing: issuer.algorithms).payload } catch {
            if case .noKey = error { throw .unknownKey }
            throw .badSignature
        }
        try check(claims, unixSeconds)
        guard let members = claims["token_introspection"]?.object else { throw .malformedJWT }
        return members
    }

    private func check(_ claims: JSONObject, _ unixSeconds: Int64) throws(IntrospectionFailure) {
        guard let name = claims["iss"]?.string, identifiers.canonical(name, claims) != nil,
            let audiences = try? TokenFacts.audiences(claims["aud"], "aud"),
            audiences.contains(Array(introspection.clientID.utf8)),
            let issuedAt = (try? TokenFacts.date(claims["iat"], "iat", .up)) ?? nil
        else { throw .foreignJWT }
        let skew = issuer.clockSkew.components.seconds
        guard issuedAt <= unixSeconds.saturatingAdd(skew),
            unixSeconds.saturatingSubtract(issuedAt) <= Self.ageSecondsMax.saturatingAdd(skew)
        else { throw .foreignJWT }
        // Of the answer itself; what it says of the token stands inside. One that is no time is no answer for now.
        if claims["exp"] != nil || claims["nbf"] != nil {
            do throws(Refusal) {
                let expires = try TokenFacts.date(claims["exp"], "exp", .down) ?? .max
                let notBefore = try TokenFacts.date(claims["nbf"], "nbf", .up) ?? .min
                guard unixSeconds < expires.saturatingAdd(skew), notBefore <= unixSeconds.saturatingAdd(skew) else {
                    throw Refusal(.expiredToken)
                }
            } catch { throw .foreignJWT }
        }
    }
}
