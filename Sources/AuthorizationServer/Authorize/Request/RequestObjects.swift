import AuthorizationRecords
import HTTP
import JOSE
import JSON
import LogIn
import Policy

/// Signed authorization requests (RFC 9101): `request`, with the keys that the client registered.
struct RequestObjects: Sendable {
    /// Of those that a client may sign by. RSA with PKCS #1 is not among them (FAPI 2.0 §5.4.1).
    static let algorithms: [Algorithm] = [.es256, .ps256, .edDSA, .es384, .es512, .ps384, .ps512]
    /// Between `nbf` and now, and between `nbf` and `exp`, at most (FAPI 2.0 Message Signing §5.3.1).
    static let lifetimeSecondsMax: Int64 = 3_600
    /// Clocks that go ahead of ours.
    static let leewaySeconds: Int64 = 10
    /// Of the JWT itself, no parameters.
    private static let envelope: Set<String> = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"]

    let issuer: String
    let keys: ClientKeys
    let profile: SecurityProfile

    /// The parameters that are signed; nothing else counts (§5).
    /// - Parameter now: seconds since 1970.
    func parameters(of object: String, client: RegisteredClient, now: Int64) async throws(OAuthError)
        -> RequestParameters
    {
        guard let jws = try? CompactJWS(Array(object.utf8)),
            let verified = try await keys.find(
                client, { try? jws.verified(by: $0, allowing: profile.requestObjectAlgorithms) })
        else { throw .badRequestObject }
        let claims = verified.payload
        guard isRequest(verified.header, claims), claims["iss"]?.string == client.id,
            claims["client_id"]?.string == client.id,
            isForUs(claims["aud"]), isTimely(claims, now: now), claims["request"] == nil, claims["request_uri"] == nil
        else { throw .badRequestObject }
        var pairs: [FormFields.Pair] = []
        for member in claims.members where !Self.envelope.contains(member.name) { pairs += try Self.pairs(member) }
        return RequestParameters(pairs: pairs)
    }

    /// Another JWT by the same key is none: an assertion has a `sub` (§10.8).
    private func isRequest(_ header: JOSEHeader, _ claims: JSONObject) -> Bool {
        switch header.typ?.lowercased() {
        case "oauth-authz-req+jwt", "application/oauth-authz-req+jwt": true
        case nil, "jwt": claims["sub"] == nil
        default: false
        }
    }

    private func isForUs(_ audience: JSON?) -> Bool {
        if audience?.string == issuer { return true }
        return audience?.array?.contains(.string(issuer)) ?? false
    }

    private func isTimely(_ claims: JSONObject, now: Int64) -> Bool {
        guard let expiry = claims["exp"]?.int, let start = claims["nbf"]?.int, start > 0, expiry > start else {
            return false
        }
        if let claim = claims["iat"] {
            guard let issuedAt = claim.numericDate, issuedAt <= now &+ Self.leewaySeconds else { return false }
        }
        return now < expiry && start <= now &+ Self.leewaySeconds && now &- start <= Self.lifetimeSecondsMax
            && expiry &- start <= Self.lifetimeSecondsMax
    }

    /// JSON as parameters would have it (§4).
    private static func pairs(_ member: JSONObject.Member) throws(OAuthError) -> [FormFields.Pair] {
        switch member.value {
        case .string(let text): return [(member.name, text)]
        case .integer(let number): return [(member.name, "\(number)")]
        case .array(let values) where RequestParameters.repeatable.contains(member.name):
            let texts = values.compactMap(\.string)
            guard texts.count == values.count else { throw .badRequestObject }
            return texts.map { (member.name, $0) }
        case .array, .object: return [(member.name, String(decoding: member.value.serialized(), as: UTF8.self))]
        case .bool, .number, .null: return []
        }
    }
}

extension OAuthError {
    /// RFC 9101 §6.
    static let badRequestObject = OAuthError(
        "invalid_request_object", "the request object is not signed by this client for this server, or not timely")
}
