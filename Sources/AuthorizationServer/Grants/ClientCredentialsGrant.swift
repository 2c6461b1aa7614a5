import AuthorizationRecords
import JSON
import LogIn

/// The client credentials grant (RFC 6749 §4.4): a client acts for itself.
struct ClientCredentialsGrant: TokenGrant {
    let type = GrantType.clientCredentials
    let mint: TokenMint
    let targets: TargetRules

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        let client = request.client.client
        // Whoever can say that it is somebody without showing it has nothing to act by (OAuth 2.1 draft §4.2).
        guard !client.isPublic else { throw .unauthorizedClient }
        let scopes = try targets.scopes(asked: request.parameters.value("scope"), allowed: client.scopes)
        let audience = try targets.audience(asked: request.parameters.values("resource"), allowed: client.resources)
        // `sub` is the client itself, because nobody else takes part (RFC 9068 §2.2, RFC 6749 §4.4).
        var content = AccessTokenContent(clientID: client.id, subject: client.id, scopes: scopes, audience: audience)
        content.binding = request.binding
        content.mayAct = client.mayAct.map { ["sub": .string($0)] }
        return TokenAnswer(accessToken: try mint.accessToken(content, now: request.now, random: request.random))
    }
}
