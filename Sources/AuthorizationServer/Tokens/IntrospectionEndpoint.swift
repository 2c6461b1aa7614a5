import AuthorizationRecords
import HTTP
import JSON
import LogIn
import Policy

/// `/oauth2/introspect` (RFC 7662): what a token says and whether it counts, for whoever may know.
///
/// A client may ask about tokens that were issued to it, and about access tokens for a resource that it serves by its
/// registration. About any other, and about whatever is no live token, it learns the same: that it is not active.
struct IntrospectionEndpoint: ClientOperation {
    let reader: AccessTokenReader
    let store: any AuthorizationStore
    /// Signs answers (RFC 9701).
    let signer: IntrospectionSigner
    let access: UserAccess

    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse {
        let client = request.client.client
        // Whoever can say that it is anybody could ask about any token (§2.1, §4).
        guard !client.isPublic else { throw .invalidClient }
        // GET is taken so that it is refused in this order (§2.1): authentication first.
        guard request.call.request.method == "POST" else { return .methodNotAllowed(allow: "POST") }
        guard let text = request.parameters.value("token") else { throw .missingToken }
        let answer = try await found(text, for: client, now: request.call.now) ?? ["active": false]
        var response =
            try signer.isWanted(request.call.request)
            ? signer.response(answer, for: client.id, now: request.call.now) : .json(status: 200, answer)
        response.facts.subject = answer["sub"]?.string
        return response
    }

    func note(_ parameters: RequestParameters, in facts: inout ServiceFacts) {
        facts.token = parameters.value("token").map(ServiceFacts.digest)
    }

    /// nil: nothing that counts, or nothing that this client may know of. `token_type_hint` is not read: both are
    /// looked for.
    private func found(_ text: String, for client: RegisteredClient, now: Int64) async throws(OAuthError) -> JSONObject?
    {
        if let token = try await reader.accessToken(text, now: now) {
            return mayKnow(client, of: token) ? try await answer(token) : nil
        }
        return try await refreshToken(text, of: client, now: now)
    }

    private func mayKnow(_ client: RegisteredClient, of token: OwnAccessToken) -> Bool {
        token.clientID == client.id || TargetRules.names(client.audiencesServed, token.audience)
    }

    /// §2.2, RFC 8705 §3.2, RFC 9449 §6.2: all that it says, but for what is ours alone.
    /// But for scopes that the user may not be granted any longer: whoever asks learns what counts today. nil: nothing is
    /// left.
    private func answer(_ token: OwnAccessToken) async throws(OAuthError) -> JSONObject? {
        var answer: JSONObject = [
            "active": true, "token_type": .string(token.binding?.keyThumbprint == nil ? "Bearer" : "DPoP"),
        ]
        for (name, value) in token.claims.members
        where
            !["grant_id", TokenOrigin.claim, "active", "token_type"].contains(name)
        {
            answer[name] = value
        }
        if let user = try await store.orUnavailable({ try await $0.user(id: token.subject) }) {
            let share = access.share(token.scopes, of: user)
            if share.isNothing { return nil }
            if !share.leftOut.isEmpty { answer["scope"] = .string(share.granted.joined(separator: " ")) }
            // What is said of the user as it is today, too.
            let target = UserAccess.ClaimTarget(
                .accessToken, client: token.clientID, audience: token.audience, scopes: share.granted)
            for (name, value) in access.claimsToday(of: user, for: target) { answer[name] = value }
        }
        return answer
    }

    /// What a refresh token leads to for its user today (`RefreshTokenGrant`); nil: nothing.
    private func scopes(of grant: Grant) async throws(OAuthError) -> [String]? {
        if grant.subject == grant.clientID { return grant.scopes }
        guard let user = try await store.orUnavailable({ try await $0.user(id: grant.subject) }), !user.isDisabled
        else { return nil }
        let share = access.share(grant.scopes, of: user)
        return share.isNothing ? nil : share.granted
    }

    /// Of its own client only: nobody else has any business with one.
    private func refreshToken(_ text: String, of client: RegisteredClient, now: Int64) async throws(OAuthError)
        -> JSONObject?
    {
        let record = try await store.orUnavailable {
            try await $0.record(.refreshToken, RandomText.refreshToken.key(of: text))
        }
        // One that has been replaced counts no longer, although its successor does.
        guard let record, !record.isExpired(at: now), record.client == client.id, record.body["rotation"] == nil,
            let grantID = record.grant,
            let grant = try await store.orUnavailable({ try await $0.record(.grant, grantID) }).flatMap(Grant.init),
            now < grant.expiresAt, let scopes = try await scopes(of: grant)
        else { return nil }
        var answer: JSONObject = [
            "active": true, "client_id": .string(client.id), "sub": .string(grant.subject),
            "iss": .string(reader.issuer),
            "iat": .integer(grant.createdAt),
        ]
        if !scopes.isEmpty { answer["scope"] = .string(scopes.joined(separator: " ")) }
        answer["exp"] = record.expiresAt.map { .integer($0) }
        answer["cnf"] = grant.binding.map { .object($0.confirmation) }
        return answer
    }
}
