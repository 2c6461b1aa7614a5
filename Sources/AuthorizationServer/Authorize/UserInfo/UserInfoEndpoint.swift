import AuthorizationRecords
import Crypto
import HTTP
import JOSE
import JSON
import LogIn
import Octets
import Policy

/// `/oauth2/userinfo` (OpenID Connect Core §5.3): what the scopes of an access token tell of the user it is about.
struct UserInfoEndpoint: ServerEndpoint {
    let store: any AuthorizationStore
    let tokens: OwnTokens
    let proofs: SenderProofRules
    let realm: String
    let access: UserAccess

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        let shown = tokens.shown(call)
        var response: ServiceResponse
        do throws(OAuthError) {
            let token = try await tokens.verified(shown, call)
            guard token.scopes.contains(IdentityScope.openID) else { throw .insufficientScope }
            guard let user = try await store.orUnavailable({ try await $0.user(id: token.subject) }), !user.isDisabled
            else { throw .refused(.noUser) }
            var claims = claims(of: user, token.scopes)
            for (name, value) in try await asked(of: user, token).members { claims[name] = value }
            for (name, value) in try access.tokenClaims(
                of: user, for: .init(.userInfo, client: token.clientID, scopes: token.scopes)
            ).members
            where claims[name] == nil {
                claims[name] = value
            }
            response = ServiceResponse.json(status: 200, claims, fields: proofs.fields(call))
        } catch {
            response = refusal(error, scheme: shown.scheme)
            if shown.text != nil { response.facts.isTokenVerified = shown.claims != nil }
        }
        response.facts.token = shown.text.map(ServiceFacts.digest)
        response.facts.client = shown.claims?["client_id"]?.string
        response.facts.subject = shown.claims?["sub"]?.string
        return response
    }

    /// OpenID Connect Core §5.4.
    private func claims(of user: StoredUser, _ scopes: [String]) -> JSONObject {
        var claims: JSONObject = ["sub": .string(user.id)]
        for claim in UserClaim.allCases where scopes.contains(claim.scope) {
            claims[claim.rawValue] = claim.value(of: user)
        }
        return claims
    }

    /// §5.5: what the client has asked for one by one, as far as it may still have it. What was agreed to is in the grant.
    private func asked(of user: StoredUser, _ token: OwnTokens.Verified) async throws(OAuthError) -> JSONObject {
        guard let id = token.grantID,
            let grant = try await store.orUnavailable({ try await $0.value(.grant, id, Grant.init) }),
            let items = grant.claims?.userInfo, !items.isEmpty,
            let client = try await store.orUnavailable({ try await $0.client(id: token.clientID) })
        else { return [:] }
        return ClaimsRequest.members(items, of: user, scopes: client.scopes)
    }

    /// RFC 6750 §3, RFC 9449 §7.1 and §9: the scheme that was used says what is wrong. Whoever came without a token, or with
    /// a bearer token, is told of both schemes.
    private func refusal(_ error: OAuthError, scheme: String) -> ServiceResponse {
        let isOfProof = OAuthError.wordsOfProofs.contains(error.word)
        guard isOfProof || error.status == 401 || error.status == 403 else { return error.response(challenge: nil) }
        var fault = ""
        if error != .noToken { fault += ", error=\"\(error.word)\", error_description=\"\(error.description)\"" }
        if error == .insufficientScope { fault += ", scope=\"\(IdentityScope.openID)\"" }
        let isProved = scheme == "dpop" || isOfProof
        let algorithms = proofs.profile.proofAlgorithms.flatMap(\.names).joined(separator: " ")
        var response = ServiceResponse.json(
            status: isOfProof ? 401 : error.status,
            ["error": .string(error.word), "error_description": .string(error.description)])
        if !isProved { response.fields.append(("WWW-Authenticate", "Bearer realm=\"\(realm)\"" + fault)) }
        if isProved || error.status == 401 {
            response.fields.append(
                ("WWW-Authenticate", "DPoP realm=\"\(realm)\"" + (isProved ? fault : "") + ", algs=\"\(algorithms)\""))
        }
        if let nonce = error.nonce { response.fields.append(("DPoP-Nonce", nonce)) }
        response.facts.error = error.word
        response.facts.event = error.event
        return response
    }
}

/// Access tokens of ours that come back to us.
struct OwnTokens: Sendable {
    struct Verified: Sendable {
        let subject: String
        let clientID: String
        /// nil: it comes from none.
        let grantID: String?
        let scopes: [String]
    }

    let issuer: String
    let audience: String
    let keys: SigningKeys
    let store: any AuthorizationStore
    /// Whether the request proves the key of this thumbprint for this token (RFC 9449 §7).
    let proves: @Sendable (_ call: EndpointCall, _ thumbprint: String, _ token: String) async throws(OAuthError) -> Bool

    /// A token as it was sent.
    struct Shown: Sendable {
        /// `bearer` or `dpop`.
        var scheme = ""
        /// nil: there is none.
        var text: String?
        var type: String?
        /// nil: it is not signed by us, or does not say so.
        var claims: JSONObject?
        /// Why there is none that could be judged.
        var fault: OAuthError?
    }

    /// What the request shows, and whether it is of ours (RFC 9068 §4): whose it is then, whatever is wrong with it.
    func shown(_ call: EndpointCall) -> Shown {
        var shown = Shown()
        do throws(OAuthError) { (shown.scheme, shown.text) = try credential(call.request) } catch {
            shown.fault = error
        }
        guard let text = shown.text else { return shown }
        guard let jws = try? CompactJWS(Array(text.utf8)),
            let claims = try? jws.verified(by: keys.ring.verificationKeys(now: call.now), allowing: Algorithm.allCases)
                .payload, claims["iss"]?.string == issuer
        else {
            shown.fault = .refused(.foreign)
            return shown
        }
        shown.type = jws.header.typ?.lowercased()
        shown.claims = claims
        return shown
    }

    /// RFC 9068 §4, RFC 6750 §2.1, and what was revoked since.
    func verified(_ shown: Shown, _ call: EndpointCall) async throws(OAuthError) -> Verified {
        if let fault = shown.fault { throw fault }
        guard let claims = shown.claims, let text = shown.text else { throw .noToken }
        guard shown.type == "at+jwt", let issuedAt = claims["iat"]?.int, let expiry = claims["exp"]?.int,
            let id = claims["jti"]?.string,
            let subject = claims["sub"]?.string, let client = claims["client_id"]?.string
        else { throw .refused(.wrongType) }
        guard claims["aud"]?.string == audience else { throw .refused(.wrongAudience) }
        guard call.now < expiry, AccessTokenReader.hasBegun(claims, now: call.now) else { throw .refused(.expired) }
        try await judge(claims["cnf"]?.object, scheme: shown.scheme, text, call)
        let token = TokenOrigin(
            id: id, clientID: client, subject: subject, grantID: claims["grant_id"]?.string, issuedAt: issuedAt)
        guard let origins = TokenOrigin.all(claims), try await !store.haveEnded([token] + origins) else {
            throw .refused(.revoked)
        }
        return Verified(
            subject: subject, clientID: client, grantID: token.grantID,
            scopes: (claims["scope"]?.string ?? "").split(separator: " ").map(String.init))
    }

    /// In the header only: what stands in bodies and URIs ends up in logs (RFC 6750 §2.2 and §2.3 are not for us).
    private func credential(_ request: ServiceRequest) throws(OAuthError) -> (scheme: String, token: String) {
        let values = request.values("authorization")
        guard let value = values.first else { throw .noToken }
        let parts = value.split(separator: " ")
        guard values.count == 1, parts.count == 2 else { throw .refused(.foreign) }
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
            throw .refused(.notBound)
        }
        if let thumbprint = binding?.keyThumbprint {
            guard try await proves(call, thumbprint, text) else { throw .refused(.notBound) }
        }
        if let thumbprint = binding?.certificateThumbprint {
            guard let certificate = call.request.heldCertificateDER,
                Base64URL.encode(Array(SHA256.hash(data: certificate))) == thumbprint
            else {
                throw .refused(.notBound)
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

    /// Why an access token does not count here, for operators: the client gets one answer for all.
    enum RefusedAccessToken: String, CaseIterable {
        /// Not signed by us, or no token at all.
        case foreign = "foreign_token"
        /// Of ours, but an ID token, say.
        case wrongType = "wrong_token_type"
        case wrongAudience = "wrong_token_audience"
        /// Over, or not begun.
        case expired = "expired_token"
        case revoked = "revoked_token"
        /// Without the key or the certificate that it is bound to.
        case notBound = "wrong_token_binding"
        /// The user is disabled, or gone.
        case noUser = "token_of_no_user"
    }

    static func refused(_ reason: RefusedAccessToken) -> OAuthError {
        OAuthError(invalidToken.word, invalidToken.description, status: invalidToken.status, event: reason.rawValue)
    }
    static let insufficientScope = OAuthError(
        "insufficient_scope", "the access token needs the scope openid", status: 403)

    static var userInfo: [OAuthError] { [noToken, invalidToken, insufficientScope] }
}
