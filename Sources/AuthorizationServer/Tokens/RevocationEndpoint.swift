import AuthorizationRecords
import HTTP
import LogIn

/// `POST /oauth2/revoke` (RFC 7009): a client gives back what was issued to it.
///
/// A refresh token ends with its grant and everything that came of it; an access token ends alone. What cannot be found
/// is ended already: 200 without a body, whatever it was (§2.2).
struct RevocationEndpoint: ClientOperation {
    let reader: AccessTokenReader
    let store: any AuthorizationStore

    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse {
        guard let token = request.parameters.value("token") else { throw .missingToken }
        var response = ServiceResponse.nothing
        response.facts = try await revoke(token, of: request.client.client.id, now: request.call.now)
        return response
    }

    func note(_ parameters: RequestParameters, in facts: inout ServiceFacts) {
        facts.token = parameters.value("token").map(ServiceFacts.digest)
    }

    /// `token_type_hint` is not even read: both are looked for, so that a wrong one changes nothing (§2.1).
    private func revoke(_ text: String, of client: String, now: Int64) async throws(OAuthError) -> ServiceFacts {
        var facts = ServiceFacts()
        let record = try await store.orUnavailable {
            try await $0.record(.refreshToken, RandomText.refreshToken.key(of: text))
        }
        if let record, !record.isExpired(at: now) {
            guard record.client == client else { throw .tokenOfAnotherClient }
            guard let grant = record.grant else { throw .unavailable }
            try await end(.grant(grant), now: now)
            facts.subject = record.subject
            facts.event = "grant_revoked"
            return facts
        }
        switch try await reader.read(text, now: now) {
        case .accessToken(let token):
            guard token.clientID == client else { throw .tokenOfAnotherClient }
            try await end(.token(token.id), lastTokenEndsAt: token.expiresAt, now: now)
            facts.subject = token.subject
            facts.event = "token_revoked"
        case .otherToken: throw .unsupportedTokenType
        case .ended, .foreign: break
        }
        return facts
    }

    private func end(_ target: Revocation.Target, lastTokenEndsAt: Int64? = nil, now: Int64) async throws(OAuthError) {
        let changes = Revoker.changes(ending: target, now: now, lastTokenEndsAt: lastTokenEndsAt)
        guard try await store.orUnavailable({ try await $0.commit(changes, now: now) }) else { throw .unavailable }
    }
}

extension ServiceResponse {
    /// RFC 7009 §2.2: the body is ignored, so there is none.
    static var nothing: ServiceResponse {
        ServiceResponse(status: 200, fields: [("Cache-Control", "no-store"), ("Pragma", "no-cache")])
    }
}

extension OAuthError {
    static let missingToken = OAuthError("invalid_request", "token is missing")
    /// RFC 7009 §2.1: the request is refused, and the token stays what it is.
    static let tokenOfAnotherClient = OAuthError("unauthorized_client", "the token was issued to another client")
    /// RFC 7009 §2.2.1: an ID token, say.
    static let unsupportedTokenType = OAuthError(
        "unsupported_token_type", "only access tokens and refresh tokens can be revoked")

    static var tokenManagement: [OAuthError] { [missingToken, tokenOfAnotherClient, unsupportedTokenType] }
}
