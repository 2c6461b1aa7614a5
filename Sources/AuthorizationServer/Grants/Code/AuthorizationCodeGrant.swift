import AuthorizationRecords
import JOSE
import JSON
import LogIn
import Proof

/// The authorization code grant (RFC 6749 §4.1.3): a code and its verifier become tokens, once.
struct AuthorizationCodeGrant: TokenGrant {
    /// Of changes that meet others.
    private static let attemptsMax = 8

    let type = GrantType.authorizationCode
    let usesProof = true
    let store: any AuthorizationStore
    let tokens: GrantTokens
    let refresh: RefreshTokens
    let room: GrantRoom

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        guard let text = request.parameters.value("code") else { throw .noCode }
        var isProofUsed = false
        for _ in 0..<Self.attemptsMax {
            if let answer = try await attempt(text, request, &isProofUsed) { return answer }
        }
        throw .unavailable
    }

    /// nil: somebody else changed something meanwhile: the account, or the code, by redeeming it.
    private func attempt(_ text: String, _ request: TokenRequest, _ isProofUsed: inout Bool) async throws(OAuthError)
        -> TokenAnswer?
    {
        let record = try await store.orUnavailable {
            try await $0.record(.authorizationCode, RandomText.authorizationCode.key(of: text))
        }
        guard let code = record.flatMap(AuthorizationCode.init), !code.record.isExpired(at: request.now) else {
            throw .badCode
        }
        try judge(code, request)
        if !isProofUsed { try await request.useProof() }
        isProofUsed = true
        // Only whoever could have redeemed it is taken for a replay: anybody else changes nothing (OAuth 2.1 draft
        // §7.5.2).
        if let grantID = code.grantID { throw try await end(grantID, request) }
        guard request.now < code.goodUntil else { throw .badCode }
        guard let user = try await store.orUnavailable({ try await $0.user(id: code.user.userID) }), !user.isDisabled
        else { throw .badCode }

        let grant = try grant(of: code, request)
        var answer = try tokens.answer(
            for: grant, scopes: grant.scopes, nonce: grant.nonce, user: user, request: request)
        var changes: [StoreChange] = [
            .replace(code.used(by: grant, now: request.now).record), user.unchanged,
        ]
        changes += try await room.insertion(of: grant, now: request.now)
        changes += Self.logIn(of: request.client.client, grant, now: request.now)
        if request.client.client.grants.contains(.refreshToken) {
            let first = refresh.first(for: grant, now: request.now, random: request.random)
            changes.append(.insert(first.token.record))
            answer.refreshToken = first.text
        }
        let all = changes
        // Where somebody was faster with the same code, one of the two has stolen it: that is seen the next time.
        return try await store.orUnavailable({ try await $0.commit(all, now: request.now) }) ? answer : nil
    }

    /// It gets an ID token with `sid`, and may want to hear of the end of that session.
    private static func logIn(of client: RegisteredClient, _ grant: Grant, now: Int64) -> [StoreChange] {
        guard client.backChannelLogoutURI != nil, let session = grant.sessionID,
            grant.scopes.contains(IdentityScope.openID)
        else { return [] }
        return LoggedInClient(clientID: client.id, userID: grant.subject, sessionID: session, now: now).changes
    }

    private func judge(_ code: AuthorizationCode, _ request: TokenRequest) throws(OAuthError) {
        guard code.request.clientID == request.client.client.id else { throw .badCode }
        // Absent is fine (OAuth 2.1 draft §10.2): the code is bound by its challenge.
        if let uri = request.parameters.value("redirect_uri") {
            guard uri.utf8.elementsEqual(code.request.redirectURI.utf8) else { throw .badCode }
        }
        // Where it was sent is no place of the client's any more: whoever has it there is not the client.
        guard
            (try? RedirectURI.chosen(asked: code.request.redirectURI, of: request.client.client)) != nil
        else { throw .badCode }
        // A verifier where there was no challenge: somebody has taken it out of the request (RFC 9700 §4.8.2).
        guard Self.matches(request.parameters.value("code_verifier"), code.request.codeChallenge) else {
            throw .badVerifier
        }
        if let thumbprint = code.request.keyThumbprint {
            guard request.binding?.keyThumbprint == thumbprint else { throw .otherKey }
        }
    }

    private static func matches(_ verifier: String?, _ challenge: String?) -> Bool {
        guard let verifier, let challenge else { return verifier == nil && challenge == nil }
        return ProofKey.matches(verifier: verifier, challenge: challenge)
    }

    /// The code was used before: everything that came of it ends (RFC 6749 §4.1.2).
    private func end(_ grantID: String, _ request: TokenRequest) async throws(OAuthError) -> OAuthError {
        try await store.end(grant: grantID, now: request.now)
        return .codeReplayed
    }

    private func grant(of code: AuthorizationCode, _ request: TokenRequest) throws(OAuthError) -> Grant {
        let client = request.client.client
        guard client.mayStillHave(code.request.scopes) else { throw .invalidScope }
        let lifetime =
            client.grants.contains(.refreshToken) ? RefreshRules.absoluteSeconds : RefreshRules.withoutRefreshSeconds
        var grant = Grant(
            id: RandomText.grantID.make(request.random), clientID: client.id, subject: code.user.userID,
            scopes: code.request.scopes,
            resources: code.request.resources, createdAt: request.now, expiresAt: request.now + lifetime)
        grant.authorizationDetails = code.request.authorizationDetails
        grant.authentication = code.user.authentication
        grant.nonce = code.request.nonce
        grant.claims = code.request.claims
        grant.sessionID = code.user.sessionID
        // RFC 9449 §5, RFC 8705 §4: nothing else keeps a public client's refresh tokens from whoever finds them.
        grant.binding = client.isPublic ? request.binding : nil
        return grant
    }
}

extension OAuthError {
    static let noCode = OAuthError("invalid_request", "code is missing")
    static let badCode = OAuthError(
        "invalid_grant", "the code is unknown, expired, used, or another client's",
        event: "authorization_code_rejected")
    static let badVerifier = OAuthError(
        "invalid_grant", "code_verifier is missing, or is not that of the code", event: "code_verifier_rejected")
    static let otherKey = OAuthError("invalid_grant", "it is bound to another key or certificate")
    static let codeReplayed = OAuthError("invalid_grant", badCode.description, event: "authorization_code_replayed")

    static var authorizationCodes: [OAuthError] { [noCode, badCode, badVerifier, otherKey, codeReplayed] }
}

extension AuthorizationStore {
    /// Ends a grant with everything that came of it.
    func end(grant id: String, now: Int64) async throws(OAuthError) {
        let changes = Revoker.changes(ending: .grant(id), now: now)
        guard try await orUnavailable({ try await $0.commit(changes, now: now) }) else { throw .unavailable }
    }
}
