import AuthorizationRecords
import JOSE
import JSON

/// A JWT by which a client says who it is (RFC 7523 §2.2, §3): read, judged by nothing yet.
struct ClientAssertion: Sendable {
    /// RFC 7523 §2.2.
    static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// An assertion is made for one request; it ends so soon at the latest.
    static let lifetimeSecondsMax: Int64 = 300
    /// How far ahead of ours the client's clock may be. More than the eight seconds that FAPI 2.0 §5.3.2.1 demands,
    /// less than the sixty from which on it demands a refusal.
    static let skewSeconds: Int64 = 10

    /// `iss` and `sub`, which are the same (RFC 7523 §3).
    let clientID: String
    private let tokenID: String
    private let jws: CompactJWS

    /// - Throws: `invalidAssertion`.
    init(_ text: String) throws(OAuthError) {
        do throws(JOSEError) { jws = try CompactJWS(Array(text.utf8)) } catch { throw .invalidAssertion }
        let claims = jws.unverifiedClaims
        guard let issuer = claims["iss"]?.string, let subject = claims["sub"]?.string,
            issuer.hasSameOctets(as: subject),
            let tokenID = claims["jti"]?.string, !tokenID.isEmpty,
            ["", "jwt", "client-authentication+jwt"].contains(jws.header.type)
        else { throw .invalidAssertion }
        clientID = subject
        self.tokenID = tokenID
    }

    /// Whether it was made for this server.
    ///
    /// Its audience is the issuer identifier, as one text (FAPI 2.0 §5.3.2.1-8): an endpoint's address, or a list, would let
    /// another server that the client knows use the assertion here.
    /// - Parameter endpoints: addresses of the token endpoint that count as well, for a client that cannot name the issuer;
    ///   also as a list in which nobody else stands.
    func isFor(issuer: String, orOneOf endpoints: [String] = []) -> Bool {
        let audience = jws.unverifiedClaims["aud"]
        if let text = audience?.string { return ([issuer] + endpoints).contains { $0.hasSameOctets(as: text) } }
        guard !endpoints.isEmpty, let list = audience?.array, !list.isEmpty else { return false }
        return list.allSatisfy { entry in
            guard let text = entry.string else { return false }
            return ([issuer] + endpoints).contains { $0.hasSameOctets(as: text) }
        }
    }

    /// What it says of time, which needs no key.
    /// - Returns: its end, in seconds since 1970.
    func check(now: Int64) throws(OAuthError) -> Int64 {
        let claims = jws.unverifiedClaims
        guard let end = claims["exp"]?.numericDate else { throw .invalidAssertion }
        guard now < end else { throw .expiredAssertion }
        let latest = now + Self.skewSeconds
        guard end <= latest + Self.lifetimeSecondsMax else { throw .longAssertion }
        for name in ["iat", "nbf"] {
            guard let claim = claims[name] else { continue }
            guard let time = claim.numericDate else { throw .invalidAssertion }
            guard time <= latest else { throw .assertionOfTheFuture }
        }
        return end
    }

    /// One of the client's keys made it, by an algorithm that exists here: none of them is symmetric.
    func isSigned(by keys: JWKSet, _ algorithms: [Algorithm]) -> Bool {
        (try? jws.verified(by: keys, allowing: algorithms)) != nil
    }

    /// What is remembered of it, so that it counts once (RFC 7523 §3-7): also for a client of the same name that comes after
    /// this one. It is not found by its client, since that would take an index to be written each time.
    func replayRecord(until end: Int64) -> StoredRecord {
        StoredRecord(
            .replay, SecretDigest.text(of: "client assertion\0\(clientID)\0\(tokenID)"), expiresAt: end, body: [:])
    }
}

extension JSON {
    /// A NumericDate (RFC 7519 §2), whole or not, in seconds since 1970; nil: it is none that could be.
    var numericDate: Int64? {
        let bounds: ClosedRange<Int64> = -1 << 53...1 << 53
        switch self {
        case .integer(let seconds): return bounds.contains(seconds) ? seconds : nil
        case .number(let seconds):
            return Int64(exactly: seconds.rounded(.down)).flatMap { bounds.contains($0) ? $0 : nil }
        default: return nil
        }
    }
}

/// Nothing here depends on what is known of the client: it may be told.
extension OAuthError {
    static let invalidAssertion = OAuthError(
        "invalid_client", "the client assertion is not a JWT with iss, sub, aud, exp and jti, iss and sub alike",
        status: 401)
    static let assertionForOthers = OAuthError(
        "invalid_client",
        "aud of the client assertion must be the issuer identifier of this server, as a single string", status: 401)
    static let expiredAssertion = OAuthError("invalid_client", "the client assertion has expired", status: 401)
    static let longAssertion = OAuthError(
        "invalid_client", "the client assertion lives longer than five minutes", status: 401)
    static let assertionOfTheFuture = OAuthError(
        "invalid_client", "iat or nbf of the client assertion lies in the future", status: 401)
    static let usedAssertion = OAuthError("invalid_client", "the client assertion was used before", status: 401)

    static var assertions: [OAuthError] {
        [invalidAssertion, assertionForOthers, expiredAssertion, longAssertion, assertionOfTheFuture, usedAssertion]
    }
}
