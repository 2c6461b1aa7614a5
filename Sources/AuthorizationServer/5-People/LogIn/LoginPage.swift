internal import HTTP
internal import JSON
internal import Policy

/// `/oauth2/login`: name and password, in the course of an interaction.
///
/// An unknown name, a wrong password and a disabled account are the same to whoever looks: one answer, and the same work.
struct LoginPage: PageEndpoint {
    static let failed = "The user name or the password is not right."
    static let braked = "There were too many attempts. Wait a minute, then try again."

    let kit: PageKit
    let hasher: PasswordHasher
    let pepper: SecretPepper
    let brake = LoginBrake()
    /// How long a session lasts at most.
    let sessionSeconds: Int64

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await kit.interaction(parameters.value("interaction"), call) else {
            return ErrorPage.expired
        }
        return try await form(interaction, browser, username: interaction.request["login_hint"]?.string ?? "")
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await kit.interaction(parameters.value("interaction"), call),
            kit.forms.accepts(call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.purpose(interaction))
        else { return ErrorPage.expired }
        let typed = parameters.value("username") ?? ""
        let name = UserName.normalised(typed)
        let attempt = LoginBrake.Attempt(
            name: name ?? "", address: call.request.clientAddress,
            knownBrowser: name.flatMap { KnownBrowser.read(call.request, name: $0, pepper) })
        guard brake.allows(attempt, now: call.now) else {
            var response = try await form(
                interaction, browser, username: typed, problem: Self.braked, status: 429, fields: [("Retry-After", "60")])
            response.facts.event = "login_braked"
            return response
        }
        let (user, isRight) = try await check(name: name, password: parameters.value("password") ?? "", now: call.now, call.random)
        guard isRight, let user else {
            var response = try await form(interaction, browser, username: typed, problem: Self.failed, status: 403)
            response.facts.event = "login_failed"
            response.facts.subject = user?.id
            return response
        }
        brake.forgive(attempt)
        return try await logIn(user, interaction, call)
    }

    /// The account, and whether its password is this and it may log in.
    private func check(name: String?, password: String, now: Int64, _ random: Randomness) async throws -> (StoredUser?, Bool) {
        let user = if let name { try await kit.store.user(name: name) } else { StoredUser?.none }
        let hash = user?.passwordHash.flatMap(PasswordHash.init(text:))
        // Nobody has a password that is longer: this tells nothing, and saves the work.
        guard password.utf8.count <= PasswordRules.octetsMax else { return (user, false) }
        let isRight = try await hasher.verify(password, hash)
        guard isRight, var current = user, !current.isDisabled else { return (user, false) }
        if let hash, hash.parameters != hasher.parameters {
            // Parameters have grown since. That it was changed by another meanwhile is as good.
            current.passwordHash = try await hasher.hash(password, random: random).text
            if try await kit.store.commit([.replace(current.record)], now: now) { current.version += 1 }
        }
        return (current, true)
    }

    /// A session with a secret of its own, whatever the browser sent before (session fixation); an older one of this browser ends.
    private func logIn(_ user: StoredUser, _ interaction: Interaction, _ call: EndpointCall) async throws -> ServiceResponse {
        let secret = PageSecret.generate(call.random)
        let authentication = UserAuthentication(time: call.now, acr: "pwd", methods: ["pwd"])
        let endsAt = call.now + sessionSeconds
        let session = UserSession(
            key: SecretDigest.text(of: secret), userID: user.id, authentication: authentication,
            expiresAt: min(endsAt, call.now + kit.sessions.idleSeconds), endsAt: endsAt)
        var next = interaction
        next.userID = user.id
        next.authentication = authentication
        next.consent = nil
        var changes: [StoreChange] = [.insert(session.record), .replace(next.record)]
        if let older = call.request.cookie(SessionReader.cookieName), PageSecret.isWellFormed(older) {
            changes.append(.remove(.session, key: SecretDigest.text(of: older)))
        }
        guard try await kit.store.commit(changes, now: call.now) else { return ErrorPage.expired }
        var response = ServiceResponse.seeOther(
            interaction.continuation,
            fields: [PageCookie.field(SessionReader.cookieName, secret), KnownBrowser.field(name: user.name, pepper, call.random)])
        response.facts.event = "login"
        response.facts.subject = user.id
        return response
    }

    private func form(
        _ interaction: Interaction, _ browser: BrowserCookie, username: String, problem: String? = nil, status: Int = 200,
        fields: [ServiceResponse.Field] = []
    ) async throws -> ServiceResponse {
        let client = try await kit.store.client(id: interaction.clientID)
        var page = kit.page(
            .login, title: "Log in",
            [
                "client": client?.shownName, "problem": problem, "action": AuthorizationServerRoutes.loginPath,
                "interaction": interaction.id,
                "token": FormGuard.token(browser, purpose: Self.purpose(interaction)), "username": String(username.prefix(128)),
            ], status: status, formTargets: interaction.formTargets)
        page.fields = fields
        return page.response
    }

    private static func purpose(_ interaction: Interaction) -> String { "login " + interaction.id }
}
