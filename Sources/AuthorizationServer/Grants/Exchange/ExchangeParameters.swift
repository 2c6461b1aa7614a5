import LogIn

/// A token exchange request, as it was sent (RFC 8693 §2.1).
struct ExchangeParameters: Sendable {
    static let accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
    private static let jwtType = "urn:ietf:params:oauth:token-type:jwt"

    let subjectToken: String
    let actorToken: String?
    let targets: [String]
    let scope: String?

    init(_ parameters: RequestParameters) throws(OAuthError) {
        guard let subject = parameters.value("subject_token"), let type = parameters.value("subject_token_type") else {
            throw .missingSubjectToken
        }
        // Access tokens only. An ID token, a refresh token or an assertion is no proof that its bearer may call
        // anything (§5).
        guard type == Self.accessTokenType else { throw .unsupportedSubjectToken }
        subjectToken = subject
        actorToken = parameters.value("actor_token")
        let actorType = parameters.value("actor_token_type")
        guard (actorToken == nil) == (actorType == nil) else { throw .halfAnActorToken }
        guard actorType == nil || actorType == Self.accessTokenType else { throw .unsupportedActorToken }
        if let requested = parameters.value("requested_token_type") {
            guard [Self.accessTokenType, Self.jwtType].contains(requested) else { throw .unsupportedRequestedToken }
        }
        // Both name where the token is to be used; here an audience is a resource (§2.1, §2.2.2).
        targets = parameters.values("resource") + parameters.values("audience")
        scope = parameters.value("scope")
    }
}

extension OAuthError {
    static let missingSubjectToken = OAuthError("invalid_request", "subject_token or subject_token_type is missing")
    static let halfAnActorToken = OAuthError("invalid_request", "actor_token and actor_token_type belong together")
    static let unsupportedSubjectToken = OAuthError(
        "invalid_request", "subject_token_type must be that of access tokens")
    static let unsupportedActorToken = OAuthError("invalid_request", "actor_token_type must be that of access tokens")
    static let unsupportedRequestedToken = OAuthError(
        "invalid_request", "requested_token_type must be that of access tokens")
    // RFC 8693 §2.2.2
    static let badSubjectToken = OAuthError(
        "invalid_request", "the subject token is invalid, expired, revoked, or not for this client to exchange")
    static let badActorToken = OAuthError(
        "invalid_request", "the actor token is invalid, expired, revoked, or another client's")
    static let actorMayNot = OAuthError("invalid_request", "the subject token names somebody else who may act")
    static let tooManyOrigins = OAuthError("invalid_request", "too many tokens stand behind the subject token")
    static let chainTooLong = OAuthError("invalid_request", "too many actors stand behind the subject token")

    static var tokenExchange: [OAuthError] {
        [
            missingSubjectToken, halfAnActorToken, unsupportedSubjectToken, unsupportedActorToken,
            unsupportedRequestedToken, badSubjectToken,
            badActorToken, actorMayNot, chainTooLong, tooManyOrigins,
        ]
    }
}
