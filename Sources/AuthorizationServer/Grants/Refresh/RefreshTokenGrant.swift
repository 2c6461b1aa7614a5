import AuthorizationRecords
import JSON
import LogIn

/// The refresh token grant (RFC 6749 §6, OAuth 2.1 draft §4.3).
///
/// Every change is one compare-and-swap. Whoever loses it reads again and finds the winner's successor, so that however
/// many requests come with one token, its family has one line, and a crash leaves the old token or the new one, never
/// neither.
struct RefreshTokenGrant: TokenGrant {
    /// Requests that lose so often in a row meet more writers than one client has.
    static let attemptsMax = 16

    let type = GrantType.refreshToken
    let usesProof = true
    let store: any AuthorizationStore
    let tokens: GrantTokens

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        guard let text = request.parameters.value("refresh_token") else { throw .noRefreshToken }
        var isProofUsed = false
        for _ in 0..<Self.attemptsMax {
            if let answer = try await attempt(text, request, &isProofUsed) { return answer }
        }
        throw .unavailable
    }

    /// nil: somebody else changed something meanwhile.
    private func attempt(_ text: String, _ request: TokenRequest, _ isProofUsed: inout Bool)
        async throws(OAuthError) -> TokenAnswer?
    {
        let record = try await store.orUnavailable {
            try await $0.record(.refreshToken, RandomText.refreshToken.key(of: text))
        }
        guard let token = record.flatMap(RefreshToken.init), !token.record.isExpired(at: request.now),
            token.clientID == request.client.client.id
        else { throw .badRefreshToken }
        let grantRecord = try await store.orUnavailable { try await $0.record(.grant, token.grantID) }
        guard let grant = grantRecord.flatMap(Grant.init), request.now < grant.expiresAt else { throw .badRefreshToken }
        // Before anything else: who cannot use it changes nothing by showing it.
        guard isHolder(of: grant, request.binding) else { throw .otherKey }
        if !isProofUsed { try await request.useProof() }
        isProofUsed = true
        let successor = try await successor(of: token, text)
        if let rotation = token.rotation,
            !isWithinGrace(rotation, now: request.now) || successor?.hasBeenUsed == true
        {
            try await store.end(grant: grant.id, now: request.now)
            throw .refreshTokenReused
        }
        let user = try await user(of: grant)
        let scopes = try scopes(of: grant, request)
        let answer = try tokens.answer(for: grant, scopes: scopes, user: user, request: request)
        // As they were when this was judged.
        let unchanged =
            [.expect(.grant, key: grant.id, version: grant.version)] + (user.map { [$0.unchanged] } ?? [])
        if token.rotation != nil {
            return try await repeated(text, token, isThere: successor != nil, answer, if: unchanged, request)
        }
        if RefreshRules.isDue(
            token, client: request.client.client, isBound: request.binding?.isEmpty == false, now: request.now)
        {
            return try await rotated(text, token, grant, answer, if: unchanged, request)
        }
        return try await renewed(token, grant, answer, if: unchanged, request)
    }

    /// RFC 9449 §5, RFC 8705 §4.
    private func isHolder(of grant: Grant, _ binding: SenderBinding?) -> Bool {
        guard let bound = grant.binding else { return true }
        return (bound.keyThumbprint == nil || bound.keyThumbprint == binding?.keyThumbprint)
            && (bound.certificateThumbprint == nil || bound.certificateThumbprint == binding?.certificateThumbprint)
    }

    private func isWithinGrace(_ rotation: RefreshToken.Rotation, now: Int64) -> Bool {
        let age = now - rotation.at
        if age <= RefreshRules.burstSeconds { return true }
        return age <= RefreshRules.graceSeconds && rotation.repetitions < RefreshRules.repetitionsMax
    }

    /// What replaced a token; nil: nothing did, or it is not to be found.
    private func successor(of token: RefreshToken, _ text: String) async throws(OAuthError) -> RefreshToken? {
        guard let rotation = token.rotation, let successor = SealedSuccessor.open(rotation.successor, with: text) else {
            return nil
        }
        let record = try await store.orUnavailable {
            try await $0.record(.refreshToken, RandomText.refreshToken.key(of: successor))
        }
        return record.flatMap(RefreshToken.init)
    }

    /// Who must still be one of ours. nil: a client that acts for itself, and has no account.
    private func user(of grant: Grant) async throws(OAuthError) -> StoredUser? {
        if grant.subject == grant.clientID { return nil }
        guard let user = try await store.orUnavailable({ try await $0.user(id: grant.subject) }), !user.isDisabled
        else { throw .badRefreshToken }
        return user
    }

    /// Fewer than were granted, if the client says so (RFC 6749 §6); never one that has been taken from the client
    /// since.
    private func scopes(of grant: Grant, _ request: TokenRequest) throws(OAuthError) -> [String] {
        let scopes = try tokens.targets.scopes(asked: request.parameters.value("scope"), allowed: grant.scopes).filter {
            request.client.client.mayStillHave([$0])
        }
        guard !scopes.isEmpty || grant.scopes.isEmpty else { throw .invalidScope }
        return scopes
    }

    // MARK: Three ways to go on

    /// It stays what it is; that it was used moves its end, and ends the grace of the one that it replaced.
    private func renewed(
        _ token: RefreshToken, _ grant: Grant, _ answer: TokenAnswer, if unchanged: [StoreChange],
        _ request: TokenRequest
    ) async throws(OAuthError) -> TokenAnswer? {
        let expiresAt = min(request.now + RefreshRules.idleSeconds, grant.expiresAt)
        guard expiresAt - token.expiresAt >= RefreshRules.renewalSeconds || token.isUsed == false else { return answer }
        var renewed = token
        renewed.expiresAt = expiresAt
        if token.isUsed == false { renewed.isUsed = true }
        let changes = [.replace(renewed.record)] + unchanged
        return try await store.orUnavailable { try await $0.commit(changes, now: request.now) } ? answer : nil
    }

    private func rotated(
        _ text: String, _ token: RefreshToken, _ grant: Grant, _ answer: TokenAnswer, if unchanged: [StoreChange],
        _ request: TokenRequest
    )
        async throws(OAuthError) -> TokenAnswer?
    {
        let successor = RandomText.refreshToken.make(request.random)
        var rotated = token
        rotated.rotation = RefreshToken.Rotation(
            at: request.now, successor: try SealedSuccessor.seal(successor, under: text, random: request.random),
            repetitions: 0)
        let next = RefreshToken(text: successor, grant: grant, isSuccessor: true, now: request.now)
        let changes =
            [.replace(rotated.record), .insert(next.record)] + unchanged
            + UserShare.afterRotation(key: next.key, grantID: grant.id)
        guard try await store.orUnavailable({ try await $0.commit(changes, now: request.now) }) else { return nil }
        var answer = answer
        answer.refreshToken = successor
        return answer
    }

    /// It has been replaced a moment ago, and its successor was not used when it was read: the same successor again.
    private func repeated(
        _ text: String, _ token: RefreshToken, isThere: Bool, _ answer: TokenAnswer, if unchanged: [StoreChange],
        _ request: TokenRequest
    ) async throws(OAuthError) -> TokenAnswer? {
        guard var rotation = token.rotation, isThere,
            let successor = SealedSuccessor.open(rotation.successor, with: text)
        else { throw .badRefreshToken }
        if request.now - rotation.at > RefreshRules.burstSeconds {
            rotation.repetitions += 1
            var counted = token
            counted.rotation = rotation
            let changes = [.replace(counted.record)] + unchanged
            guard try await store.orUnavailable({ try await $0.commit(changes, now: request.now) }) else { return nil }
        }
        var answer = answer
        answer.refreshToken = successor
        return answer
    }
}

extension OAuthError {
    static let noRefreshToken = OAuthError("invalid_request", "refresh_token is missing")
    static let badRefreshToken = OAuthError(
        "invalid_grant", "the refresh token is unknown, expired, revoked, or another client's",
        event: "refresh_token_rejected")
    static let refreshTokenReused = OAuthError(
        "invalid_grant", badRefreshToken.description, event: "refresh_token_reused")

    static var refreshTokens: [OAuthError] { [noRefreshToken, badRefreshToken, refreshTokenReused] }
}
