import AuthorizationRecords
import JSON
import LogIn
import Policy

/// Token exchange (RFC 8693): a service that was called with a token gets another one, with which it calls the next.
///
/// What may be exchanged: an access token of ours that was issued to the client itself, or whose audience is a resource
/// that the client serves by its registration. For what: the same audience, or a resource that the client may ask for
/// and that its registration names. With which scopes:
/// those that the token has and the client may have and its user, today, or fewer. Until when: never longer than the token. So an exchange
/// gives nothing that somebody did not write into a registration, and a ring of exchanges ends with the first token.
/// The new one ends with each token behind it, whatever takes that one back: it names them (`TokenOrigin`).
struct TokenExchangeGrant: TokenGrant {
    /// Actors in a token at most: services that call each other in a row.
    static let actorsMax = 8

    let type = GrantType.tokenExchange
    let reader: AccessTokenReader
    let mint: TokenMint
    let targets: TargetRules
    let access: UserAccess

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        let client = request.client.client
        // A public client would exchange whatever token it found (OAuth 2.1 draft §4.2).
        guard !client.isPublic else { throw .unauthorizedClient }
        let asked = try ExchangeParameters(request.parameters)
        guard let subject = try await reader.accessToken(asked.subjectToken, now: request.now),
            mayExchange(client, subject)
        else {
            throw .badSubjectToken
        }
        try checkBinding(subject, request)
        let actor = try await actor(asked.actorToken, request)
        try checkMayAct(subject, actor, client)

        let audience = try audience(asked.targets, subject, client)
        let allowed = subject.scopes.filter(client.scopes.contains)
        let scopes = try targets.scopes(asked: asked.scope, allowed: allowed)
        guard !scopes.isEmpty || subject.scopes.isEmpty else { throw .invalidScope }
        let user = try await user(subject)
        let share = try access.judged(scopes, of: user)
        var content = AccessTokenContent(
            clientID: client.id, subject: subject.subject, scopes: share.granted, audience: audience)
        content.grantID = subject.grantID
        content.userClaims = try access.tokenClaims(
            of: user, for: .init(.accessToken, client: client.id, audience: audience, scopes: share.granted))
        content.origins = try origins(subject, actor)
        content.binding = request.binding
        content.mayAct = client.mayAct.map { ["sub": .string($0)] }
        content.authentication = UserAuthentication(subject.claims)
        content.authorizationDetails = subject.claims["authorization_details"]
        content.actor = try chain(subject.claims["act"], behind: actor)
        let token = try mint.accessToken(content, notAfter: subject.expiresAt, now: request.now, random: request.random)
        var answer = TokenAnswer(accessToken: token)
        answer.more["issued_token_type"] = .string(ExchangeParameters.accessTokenType)
        answer.subject = subject.subject
        answer.scopesLeftOut = share.leftOut
        return answer
    }

    /// Whom the token is about, as the account is now; nil: a client. No client has an id as users have.
    private func user(_ subject: OwnAccessToken) async throws(OAuthError) -> StoredUser? {
        let id = subject.subject
        return try await reader.store.orUnavailable { try await $0.user(id: id) }
    }

    private func mayExchange(_ client: RegisteredClient, _ token: OwnAccessToken) -> Bool {
        token.clientID == client.id || TargetRules.names(client.audiencesServed, token.audience)
    }

    /// A client does not rid its own token of what it is bound to. Somebody else's key is nothing that a service could
    /// prove: there, what the new token is bound to is the service's own.
    private func checkBinding(_ subject: OwnAccessToken, _ request: TokenRequest) throws(OAuthError) {
        guard let binding = subject.binding, subject.clientID == request.client.client.id else { return }
        guard binding == request.binding else { throw .badSubjectToken }
    }

    /// An actor shows a token of its own: one that was issued to this client.
    private func actor(_ text: String?, _ request: TokenRequest) async throws(OAuthError) -> OwnAccessToken? {
        guard let text else { return nil }
        guard let token = try await reader.accessToken(text, now: request.now),
            token.clientID == request.client.client.id
        else { throw .badActorToken }
        return token
    }

    /// RFC 8693 §4.4: where the subject token names who may act, nobody else does. Without an actor token that is the
    /// client.
    private func checkMayAct(_ subject: OwnAccessToken, _ actor: OwnAccessToken?, _ client: RegisteredClient)
        throws(OAuthError)
    {
        guard let claim = subject.claims["may_act"] else { return }
        guard let named = claim.object, named["sub"] != nil || named["client_id"] != nil else { throw .actorMayNot }
        let isSubject = named["sub"].map { $0.string == actor?.subject ?? client.id } ?? true
        let isClient = named["client_id"].map { $0.string == client.id } ?? true
        let isIssuer = named["iss"].map { $0.string == reader.issuer } ?? true
        guard isSubject, isClient, isIssuer else { throw .actorMayNot }
    }

    /// One audience to a token. What the subject token is not for, the client's registration has to name: "all there
    /// are" is no permission to carry tokens of others everywhere.
    private func audience(_ asked: [String], _ subject: OwnAccessToken, _ client: RegisteredClient) throws(OAuthError)
        -> String
    {
        guard !asked.isEmpty else { return subject.audience }
        let audience = try targets.audience(asked: asked)
        guard audience.utf8.elementsEqual(subject.audience.utf8) || TargetRules.names(client.resources ?? [], audience)
        else {
            throw .invalidTarget
        }
        return audience
    }

    /// Each token once, the nearest first.
    private func origins(_ subject: OwnAccessToken, _ actor: OwnAccessToken?) throws(OAuthError) -> [TokenOrigin] {
        let shown = [subject] + (actor.map { [$0] } ?? [])
        var origins: [TokenOrigin] = []
        for origin in shown.map(\.origin) + shown.flatMap(\.origins) where !origins.contains(origin) {
            origins.append(origin)
        }
        guard origins.count <= TokenOrigin.countMax else { throw .tooManyOrigins }
        return origins
    }

    /// RFC 8693 §4.1: the current actor outermost, whoever acted before it inside. Without a new one the chain stays as
    /// it is.
    private func chain(_ before: JSON?, behind actor: OwnAccessToken?) throws(OAuthError) -> JSON? {
        guard let actor else { return before }
        var depth = 1
        var inner = before?.object
        while let object = inner {
            depth += 1
            inner = object["act"]?.object
        }
        guard depth <= Self.actorsMax else { throw .chainTooLong }
        var outer: JSONObject = ["sub": .string(actor.subject), "client_id": .string(actor.clientID)]
        outer["act"] = before
        return .object(outer)
    }
}
