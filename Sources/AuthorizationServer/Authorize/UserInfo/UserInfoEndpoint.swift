import AuthorizationRecords
import Crypto
import HTTP
import JOSE
import JSON
import LogIn
import Octets

/// `/oauth2/userinfo` (OpenID Connect Core §5.3): what the scopes of an access token tell of the user it is about.
struct UserInfoEndpoint: ServerEndpoint {
    let store: any AuthorizationStore
    let tokens: OwnTokens
    let realm: String

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        do throws(OAuthError) {
            let token = try await tokens.verified(call)
            guard token.scopes.contains(IdentityScope.openID) else { throw .insufficientScope }
            guard let user = try await store.orUnavailable({ try await $0.user(id: token.subject) }), !user.isDisabled
            else { throw .invalidToken }
            var response = ServiceResponse.json(status: 200, claims(of: user, token.scopes))
            response.facts.client = token.clientID
            response.facts.subject = token.subject
            return response
        } catch {
            return refusal(error)
        }
    }

    /// OpenID Connect Core §5.4.
    private func claims(of user: StoredUser, _ scopes: [String]) -> JSONObject {
        var claims: JSONObject = ["sub": .string(user.id)]
        if scopes.contains(IdentityScope.profile) {
            claims["name"] = user.displayName.map { .string($0) }
            claims["preferred_username"] = .string(user.name)
        }
        if scopes.contains(IdentityScope.email) { claims["email"] = user.email.map { .string($0) } }
        return claims
    }

    /// RFC 6750 §3.
    private func refusal(_ error: OAuthError) -> ServiceResponse {
        guard error.status == 401 || error.status == 403 else { return error.response(realm: realm) }
        var challenge = "Bearer realm=\"\(realm)\""
        if error != .noToken { challenge += ", error=\"\(error.word)\", error_description=\"\(error.description)\"" }
        if error == .insufficientScope { challenge += ", scope=\"\(IdentityScope.openID)\"" }
        var response = ServiceResponse.json(
            status: error.status, ["error": .string(error.word), "error_description": .string(error.description)])
        response.fields.append(("WWW-Authenticate", challenge))
        response.facts.error = error.word
        return response
    }
}

/// Access tokens of ours that come back to us.
struct OwnTokens: Sendable {
    struct Verified: Sendable {
        let subject: String
        let clientID: String
        let scopes: [String]
    }

    let issuer: String
    let audience: String
    let keys: SigningKeys
    let store: any AuthorizationStore
    /// Whether the request proves the key of this thumbprint for this token (RFC 9449 §7).
    let proves: @Sendable (_ call: EndpointCall, _ thumbprint: String, _ token: String) async throws(OAuthError) -> Bool

    /// RFC 9068 §4, RFC 6750 §2.1, and what was revoked since.
    func verified(_ call: EndpointCall) async throws(OAuthError) -> Verified {
        let (scheme, text) = try credential(call.request)
        guard let jws = try? CompactJWS(Array(text.utf8)),
            let claims = try? jws.verified(by: keys.ring.verificationKeys(now: call.now), allowing: Algorithm.allCases)
                .payload,
            jws.header.typ?.lowercased() == "at+jwt", claims["iss"]?.string == issuer,
            claims["aud"]?.string == audience,
            let expiry = claims["exp"]?.int, call.now < expiry, let issuedAt = claims["iat"]?.int,
            let id = claims["jti"]?.string,
            let subject = claims["sub"]?.string, let client = claims["client_id"]?.string
        else { throw .invalidToken }
        try await judge(claims["cnf"]?.object, scheme: scheme, text, call)
        var targets: [Revocation.Target] = [.token(id), .client(client), .subject(subject)]
        if let grant = claims["grant_id"]?.string { targets.append(.grant(grant)) }
        for target in targets {
            let revocation = try await store.orUnavailable {
                try await $0.value(.revocation, target.key, Revocation.init)
            }
            if let revocation, revocation.ends(issuedAt: issuedAt) { throw .invalidToken }
        }
        return Verified(
            subject: subject, clientID: client,
            scopes: (claims["scope"]?.string ?? "").split(separator: " ").map(String.init))
    }

    /// In the header only: what stands in bodies and URIs ends up in logs (RFC 6750 §2.2 and §2.3 are not for us).
    private func credential(_ request: ServiceRequest) throws(OAuthError) -> (scheme: String, token: String) {
        let values = request.values("authorization")
        guard let value = values.first else { throw .noToken }
        let parts = value.split(separator: " ")
        guard values.count == 1, parts.count == 2 else { throw .invalidToken }
        let scheme = parts[0].lowercased()
        guard scheme == "bearer" || scheme == "dpop" else { throw .noToken }
        return (scheme, String(parts[1]))
    }

    /// A bound token is good with its key or certificate only (RFC 9449 §7.1, RFC 8705 §3).
    private func judge(_ confirmation: JSONObject?, scheme: String, _ text: String, _ call: EndpointCall)
        async throws(OAuthError)
    {
        let binding = confirmation.flatMap { SenderBinding($0) }
        guard confirmation == nil || binding != nil, (scheme == "dpop") == (binding?.keyThumbprint != nil) else {
            throw .invalidToken
        }
        if let thumbprint = binding?.keyThumbprint {
            guard try await proves(call, thumbprint, text) else { throw .invalidToken }
        }
        if let thumbprint = binding?.certificateThumbprint {
            guard let certificate = call.request.clientCertificateDER,
                Base64URL.encode(Array(SHA256.hash(data: certificate))) == thumbprint
            else {
                throw .invalidToken
            }
        }
    }
}

extension OAuthError {
    // RFC 6750 §3.1
    static let noToken = OAuthError(
        "invalid_request", "there is no access token in the Authorization header", status: 401)
    static let invalidToken = OAuthError(
        "invalid_token", "the access token is none of ours, expired, revoked, or not for this", status: 401)
    static let insufficientScope = OAuthError(
        "insufficient_scope", "the access token needs the scope openid", status: 403)

    static var userInfo: [OAuthError] { [noToken, invalidToken, insufficientScope] }
}
