import AuthorizationRecords
import JSON
import LogIn
import Policy

/// The tokens that come from a grant of a user: one place for all ways that lead to one.
struct GrantTokens: Sendable {
    let mint: TokenMint
    let identity: IDTokenMint
    let targets: TargetRules
    let access: UserAccess

    /// An answer without a refresh token. `resource` and `authorization_details` of the request choose from what was
    /// granted (RFC 8707 §2.2, RFC 9396 §6).
    /// - Parameters:
    ///   - user: as the account is now: what is no longer the user's to grant is left out, whenever it was granted. nil: the
    ///     client acts for itself.
    ///   - scopes: of the grant, or some of them.
    ///   - nonce: for the ID token; nil when it is refreshed (OpenID Connect Core §12.2).
    func answer(
        for grant: Grant, scopes: [String], nonce: String? = nil, user: StoredUser?, request: TokenRequest
    ) throws(OAuthError) -> TokenAnswer {
        let share = try access.judged(scopes, of: user)
        let scopes = share.granted
        let client = request.client.client
        // Also where it was asked for after the grant was made.
        if let user, let least = access.leastLevel(of: user, for: client) {
            guard grant.authentication?.reaches(least) ?? false else { throw .authenticationTooWeak }
        }
        let audience = try targets.audience(
            asked: request.parameters.values("resource"), granted: grant.resources, allowed: client.resources)
        let details = try AuthorizationDetails.narrowed(
            request.parameters.value("authorization_details"), from: grant.authorizationDetails)
        var content = AccessTokenContent(
            clientID: client.id, subject: grant.subject, scopes: meaningful(scopes, for: audience), audience: audience)
        content.grantID = grant.id
        content.binding = request.binding
        content.mayAct = client.mayAct.map { ["sub": .string($0)] }
        content.authentication = grant.authentication
        content.authorizationDetails = details
        content.userClaims = try access.tokenClaims(
            of: user, for: .init(.accessToken, client: client.id, audience: audience, scopes: scopes))
        let accessToken = try mint.accessToken(
            content, notAfter: grant.expiresAt, now: request.now, random: request.random)
        var answer = TokenAnswer(accessToken: accessToken)
        answer.subject = grant.subject
        answer.scopesLeftOut = share.leftOut
        if scopes.contains(IdentityScope.openID) {
            var claims = asked(of: user, grant, client)
            for (name, value) in try access.tokenClaims(
                of: user, for: .init(.idToken, client: client.id, scopes: scopes)
            ).members
            where claims[name] == nil {
                claims[name] = value
            }
            answer.idToken = try identity.idToken(
                for: grant, client: client, claims: claims, nonce: nonce,
                accessToken: accessToken.text, now: request.now)
        }
        // Whoever asked for it is told that it was granted, although no token says it.
        if scopes.contains(IdentityScope.offline) {
            answer.more["scope"] = .string((content.scopes + [IdentityScope.offline]).joined(separator: " "))
        }
        answer.more["authorization_details"] = details
        return answer
    }

    /// Claims that the client wants in the ID token, as far as it may still have them.
    private func asked(of user: StoredUser?, _ grant: Grant, _ client: RegisteredClient) -> JSONObject {
        guard let user, let claims = grant.claims else { return [:] }
        return ClaimsRequest.members(claims.idToken, of: user, scopes: client.scopes)
    }

    /// What is about the user means something to this server only, whose userinfo endpoint takes tokens for the
    /// default audience (RFC 9068 §2.2.3).
    private func meaningful(_ scopes: [String], for audience: String) -> [String] {
        audience == targets.defaultAudience
            ? scopes.filter { $0 != IdentityScope.offline } : scopes.filter { !IdentityScope.all.contains($0) }
    }
}
