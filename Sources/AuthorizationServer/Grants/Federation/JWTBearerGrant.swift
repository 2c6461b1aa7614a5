import AuthorizationRecords
import JSON
import LogIn

/// The JWT bearer grant (RFC 7523 §2.1) as workload federation: a token of a configured issuer stands for a client of
/// ours, which has no secret that could be stored or stolen.
struct JWTBearerGrant: TokenGrant {
    let type = GrantType.jwtBearer
    let usesProof = true
    let judge: any AssertionJudge
    let store: any AuthorizationStore
    let mint: TokenMint
    let targets: TargetRules

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        guard let text = request.parameters.value("assertion") else { throw .missingAssertion }
        let client = request.client.client
        let assertion: TrustedAssertion
        switch await judge.judge(text, for: client.id) {
        case .trusted(let trusted): assertion = trusted
        case .refused: throw .badAssertion
        case .unavailable: throw .unavailable
        }
        guard assertion.client == client.id else { throw .badAssertion }
        let scopes = try targets.scopes(asked: request.parameters.value("scope"), allowed: client.scopes)
        let audience = try targets.audience(asked: request.parameters.values("resource"), allowed: client.resources)
        try await request.useProof()
        // Last, so that a request that is refused for something else can be mended and sent again.
        if let id = assertion.onceID { try await use(id, of: assertion, now: request.now) }
        // The client acts for itself: `sub` is its own.
        var content = AccessTokenContent(clientID: client.id, subject: client.id, scopes: scopes, audience: audience)
        content.binding = request.binding
        content.mayAct = client.mayAct.map { ["sub": .string($0)] }
        return TokenAnswer(accessToken: try mint.accessToken(content, now: request.now, random: request.random))
    }

    /// RFC 7523 §3 (7).
    private func use(_ id: String, of assertion: TrustedAssertion, now: Int64) async throws(OAuthError) {
        let key = SecretDigest.text(of: "assertion \(assertion.issuer.utf8.count) \(assertion.issuer) \(id)")
        // A minute for clocks that differ.
        let record = StoredRecord(.replay, key, expiresAt: max(assertion.expiresAt, now) &+ 60, body: [:])
        guard try await store.orUnavailable({ try await $0.commit([.insert(record)], now: now) }) else {
            throw .assertionReplayed
        }
    }
}

extension OAuthError {
    static let missingAssertion = OAuthError("invalid_request", "assertion is missing")
    static let badAssertion = OAuthError(
        "invalid_grant", "the assertion is invalid, expired, of no trusted issuer, or stands for another client")
    static let assertionReplayed = OAuthError(
        "invalid_grant", "the assertion was used before", event: "assertion_replayed")

    static var federation: [OAuthError] { [missingAssertion, badAssertion, assertionReplayed] }
}
