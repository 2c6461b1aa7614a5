import AuthorizationRecords
import HTTP
import JSON
import LogIn
import Policy
import Texts

/// `/oauth2/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2): a browser comes with a client's request, and comes
/// back from the pages for users until there is an answer for the client.
///
/// What is wrong before it is known where an answer may go is shown on a page; everything after that goes to the
/// client.
struct AuthorizationEndpoint: ServerEndpoint {
    /// So long may log-in and consent take.
    static let interactionSeconds: Int64 = 1_800
    /// Of changes that meet others.
    private static let attemptsMax = 4
    /// Of a user's grants at a time.
    private static let grantsRead = 10

    let issuer: String
    let store: any AuthorizationStore
    let receiver: RequestReceiver
    let judge: AuthorizationRequestValidator
    let sessions: SessionReader
    let pending: PendingRequests
    let contexts: AuthenticationContexts
    let access: UserAccess

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        var claimed: String?
        var uiLocales: String?
        do throws(OAuthError) {
            let front = try FrontChannel(call.request)
            claimed = front.parameters.value("client_id")
            uiLocales = front.parameters.value("ui_locales")
            if let id = front.parameters.value("interaction") { return try await resume(id, call) }
            return try await begin(front, call)
        } catch {
            var response = page(error, call.presentation(uiLocales: uiLocales), call)
            response.facts.client = claimed
            return response
        }
    }

    // MARK: A client's request

    private func begin(_ front: FrontChannel, _ call: EndpointCall) async throws(OAuthError) -> ServiceResponse {
        let received = try await receiver.receive(front, address: call.request.clientAddress, now: call.now)
        let client = received.client
        let redirectURI = try RedirectURI.chosen(
            asked: received.parameters.value("redirect_uri"), of: client)
        let answer = AuthorizationAnswer(
            issuer: issuer, redirectURI: redirectURI, state: ParameterBounds.state(received.parameters),
            mode: AuthorizationRequest.ResponseMode(asked: received.parameters) ?? .query,
            presentation: call.presentation(uiLocales: received.parameters.value("ui_locales")))
        var response: ServiceResponse
        do throws(OAuthError) {
            if let fault = received.fault { throw fault }
            let request = try judge.judge(received.parameters, client: client, redirectURI: redirectURI, now: call.now)
            let login = try await login(call)
            var flow = AuthorizationFlow(
                request: request, client: client, user: login.map { LoggedInUser($0.session) }, now: call.now)
            flow.share = login.map { access.share(request.scopes, of: $0.user) }
            flow.leastLevel = login.flatMap { access.leastLevel(of: $0.user, for: client) }
            flow.pushed = received.pushed.map { PushedReference(key: $0.key, version: $0.version) }
            response = try await proceed(flow, answer, call)
        } catch {
            response = try await refusal(error, client, answer, call)
        }
        response.facts.client = client.id
        return response
    }

    /// Where to go for an error: to the client. But not on behalf of a client that anybody may have registered, while
    /// nobody is logged in: so this server is nobody's way to anywhere (RFC 9700 §4.11.2).
    private func refusal(
        _ error: OAuthError, _ client: RegisteredClient, _ answer: AuthorizationAnswer, _ call: EndpointCall
    )
        async throws(OAuthError) -> ServiceResponse
    {
        // Silent authentication is expected to come back without a word, where somebody vouches for the address.
        if error == .loginRequired, client.openUntil == nil { return answer.error(error) }
        let registration = try await store.orUnavailable {
            try await $0.records(RecordQuery(.registrationToken, client: client.id), most: 1)
        }
        guard !registration.isEmpty || client.openUntil != nil else { return answer.error(error) }
        return try await session(call) == nil ? page(error, answer.presentation, call) : answer.error(error)
    }

    // MARK: Back from the pages

    private func resume(_ id: String, _ call: EndpointCall) async throws(OAuthError) -> ServiceResponse {
        guard RandomText.interaction.isWellFormed(id), let browser = BrowserCookie(call.request) else {
            return ErrorPage.expired(call)
        }
        let record = try await store.orUnavailable {
            try await $0.record(.interaction, RandomText.interaction.key(of: id))
        }
        guard let record, !record.isExpired(at: call.now) else { return ErrorPage.expired(call) }
        let interaction = try await store.orUnavailable { _ in try record.read { Interaction($0, id: id) } }
        guard interaction.browserKey == browser.key, let request = interaction.request,
            let client = try await store.orUnavailable({ try await $0.client(id: interaction.clientID) })
                .flatMap(receiver.terms.inForce)
        else { return ErrorPage.expired(call) }
        let answer = AuthorizationAnswer(
            issuer: issuer, redirectURI: request.redirectURI, state: request.state, mode: request.responseMode,
            presentation: call.presentation(uiLocales: request.uiLocales))
        let known = try await user(interaction, call)
        var flow = AuthorizationFlow(request: request, client: client, user: known?.user, now: call.now)
        flow.share = known.map { access.share(request.scopes, of: $0.account) }
        flow.leastLevel = known.flatMap { access.leastLevel(of: $0.account, for: client) }
        flow.interaction = interaction
        flow.pushed = interaction.pushed
        var response: ServiceResponse
        do throws(OAuthError) {
            // Nobody may have changed the client so that it would not be answered there any more, or not for this.
            guard
                (try? RedirectURI.chosen(asked: request.redirectURI, of: client)) != nil
            else {
                return ErrorPage.expired(call)
            }
            guard client.mayStillHave(request.scopes) else { throw .invalidScope }
            response =
                if let refused = interaction.logInRefusal {
                    try await end(interaction, with: refused, client, answer, call)
                } else { try await proceed(flow, answer, call) }
        } catch {
            response = answer.error(error)
        }
        response.facts.client = client.id
        return response
    }

    /// The provider would not log the user in.
    private func end(
        _ interaction: Interaction, with refused: Interaction.LogInRefusal, _ client: RegisteredClient,
        _ answer: AuthorizationAnswer, _ call: EndpointCall
    ) async throws(OAuthError) -> ServiceResponse {
        _ = try await store.orUnavailable { try await $0.commit([interaction.removal], now: call.now) }
        return try await refusal(refused == .denied ? .accessDenied : .unmetAuthentication, client, answer, call)
    }

    /// Who logged in in its course, as long as the browser has a session of this user: not after a log-out, and not where
    /// the account is gone or disabled, or has another password since.
    private func user(_ interaction: Interaction, _ call: EndpointCall) async throws(OAuthError) -> (
        user: LoggedInUser, account: StoredUser
    )? {
        guard let known = interaction.user, let login = try await login(call), login.user.id == known.id else {
            return nil
        }
        let user = LoggedInUser(userID: known.id, authentication: known.authentication, sessionID: login.session.sid)
        return (user, login.user)
    }

    // MARK: What comes next

    private func proceed(_ flow: AuthorizationFlow, _ answer: AuthorizationAnswer, _ call: EndpointCall)
        async throws(OAuthError) -> ServiceResponse
    {
        let isCovered = try await isCovered(flow)
        switch flow.next(isCovered: isCovered, try await contexts(flow)) {
        case .login: return try await page(AuthorizationServerEndpoint.login.path, flow, user: nil, call)
        case .consent: return try await page(AuthorizationServerEndpoint.consent.path, flow, user: flow.user, call)
        case .answer(let user): return try await code(for: user, flow, answer, call)
        case .refuse(let error):
            if let interaction = flow.interaction {
                _ = try await store.orUnavailable { try await $0.commit([interaction.removal], now: call.now) }
            }
            var response = try await refusal(error, flow.client, answer, call)
            response.facts.subject = flow.user?.userID
            if error == .userMayNotGrant { response.facts.scopesLeftOut = flow.share?.leftOut ?? [] }
            return response
        }
    }

    private func isCovered(_ flow: AuthorizationFlow) async throws(OAuthError) -> Bool {
        guard let user = flow.user, flow.interaction?.consent == nil else { return false }
        if flow.client.isFirstParty { return true }
        guard flow.mayRemember else { return false }
        // Nearly always one of the first covers it: reading a hundred takes ten times as long as all the rest.
        var next: RecordQuery? = RecordQuery(.grant, client: flow.client.id, subject: user.userID)
        var left = UserShare.grantsPerClient
        while let query = next, left > 0 {
            let most = min(left, Self.grantsRead)
            let grants = try await store.orUnavailable { try await $0.page(query, most: most) }
            // One that cannot be read agrees to nothing.
            if grants.records.compactMap(Grant.init).contains(where: {
                flow.grantable.isCovered(by: $0, now: flow.now)
            }) {
                return true
            }
            left -= most
            next = grants.next
        }
        return false
    }

    /// How users can log in; of somebody who is logged in, and not as the client asks, how this user can.
    private func contexts(_ flow: AuthorizationFlow) async throws(OAuthError) -> AuthenticationContexts {
        guard let user = flow.user, flow.interaction == nil, !flow.request.requiresACR,
            !NextStep.meets(flow.request, user.authentication)
        else { return contexts }
        return contexts.narrowed(to: try await store.orUnavailable { try await $0.factors(of: user.userID) })
    }

    /// Sends the browser to a page, with an interaction that says what for.
    private func page(_ path: String, _ flow: AuthorizationFlow, user: LoggedInUser?, _ call: EndpointCall)
        async throws(OAuthError) -> ServiceResponse
    {
        var fields: [ServiceResponse.Field] = []
        var id = flow.interaction?.id
        if id == nil {
            let browser = BrowserCookie(call.request)
            let secret = browser ?? BrowserCookie(call.random)
            if browser == nil { fields.append(secret.field) }
            let known = user.map { AuthenticatedUser(id: $0.userID, $0.authentication) }
            let interaction = Interaction(
                id: RandomText.interaction.make(call.random), clientID: flow.client.id, browserKey: secret.key,
                subject: .authorization(
                    flow.request, pushed: flow.pushed, known.map(Interaction.Progress.loggedIn) ?? .begun),
                expiresAt: call.now + Self.interactionSeconds, sender: call.sender)
            let changes = pending.insertion(of: interaction.record)
            guard try await store.orUnavailable({ try await $0.commit(changes, now: call.now) }) else {
                throw .unavailable
            }
            id = interaction.id
        }
        return .browser(303, [("Location", "\(path)?interaction=\(id ?? "")")] + fields)
    }

    private func code(
        for user: LoggedInUser, _ flow: AuthorizationFlow, _ answer: AuthorizationAnswer, _ call: EndpointCall
    )
        async throws(OAuthError) -> ServiceResponse
    {
        let text = RandomText.authorizationCode.make(call.random)
        var changes: [StoreChange] = []
        if let interaction = flow.interaction { changes.append(interaction.removal) }
        if let pushed = flow.pushed { changes.append(PushedRequest.use(pushed)) }
        for _ in 0..<Self.attemptsMax {
            // No code for a session or an account that has ended while this was decided.
            guard let login = try await login(call), login.session.sid == user.sessionID else {
                return ErrorPage.expired(call)
            }
            // What the user may no longer since this was decided does not go in.
            var flow = flow
            let share = access.share(flow.grantable.scopes, of: login.user)
            if share.isNothing { throw .userMayNotGrant }
            let least = access.leastLevel(of: login.user, for: flow.client)
            guard user.authentication.reaches(least) else { throw .unmetAuthentication }
            flow.share?.granted = share.granted
            flow.share?.leftOut += share.leftOut
            let code = AuthorizationCode(
                code: text, request: flow.grantable, user: user.told(asked: flow.request.acrValues, atLeast: least),
                now: call.now)
            let all =
                [login.user.unchanged, .expect(.session, key: login.session.key, version: login.session.version)]
                + pending.insertion(of: code.record) + changes
            guard try await store.orUnavailable({ try await $0.commit(all, now: call.now) }) else { continue }
            var response = answer.code(text)
            response.facts.subject = user.userID
            response.facts.scopesLeftOut = flow.share?.leftOut ?? []
            return response
        }
        throw .alreadyAnswered
    }

    private func login(_ call: EndpointCall) async throws(OAuthError) -> (session: UserSession, user: StoredUser)? {
        let sessions = sessions
        return try await store.orUnavailable { _ in try await sessions.login(of: call.request, now: call.now) }
    }

    private func session(_ call: EndpointCall) async throws(OAuthError) -> UserSession? {
        let sessions = sessions
        return try await store.orUnavailable { _ in try await sessions.session(of: call.request, now: call.now) }
    }

    private func page(_ error: OAuthError, _ presentation: Presentation, _ call: EndpointCall) -> ServiceResponse {
        guard error.status != 503 else { return ErrorPage.unavailable(call, because: error.event) }
        var response = ErrorPage.response(
            status: error.status, presentation, title: presentation[ErrorText.badRequestTitle],
            message: presentation.text(ErrorText.badRequest, ["reason": "\(error.word): \(error.description)"]))
        response.facts.error = error.word
        response.facts.event = error.event
        return response
    }
}
