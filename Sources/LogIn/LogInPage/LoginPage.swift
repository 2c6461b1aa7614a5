import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// `/oauth2/login`: name and password, a passkey, or the way to the provider, in the course of an interaction.
///
/// An unknown name, a wrong password and a disabled account are the same to whoever looks: one answer, and the same
/// work.
struct LoginPage: PageEndpoint {
    let context: PageContext
    let form: LoginForm
    let start: SessionStart
    /// nil: there is no provider.
    let redirect: ProviderRedirect?
    let hasher: PasswordHasher
    let pepper: SecretPepper
    let factors: FactorCheck
    let access: UserAccess
    let limiter = LoginAttemptLimiter()
    /// How often a password is looked at whose account changes meanwhile.
    private static let attemptsMax = 2

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await context.interaction(parameters.value("interaction"), call) else {
            return ErrorPage.expired(call)
        }
        // Where there is no choice, nobody is asked. Who only looks (HEAD) is not sent anywhere.
        if !form.passwords, call.request.method == "GET" {
            return try await leave(interaction, browser, chooses: false, call)
        }
        if let next = try await stepUp(interaction, call) { return next }
        return try await form.page(
            interaction, browser, call.presentation(interaction), now: call.now,
            username: interaction.request?.loginHint ?? "")
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await context.interaction(parameters.value("interaction"), call),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser,
                purpose: LoginForm.purpose(interaction))
        else { return ErrorPage.expired(call) }
        if let way = parameters.value("provider") {
            return try await leave(interaction, browser, chooses: way == "another", call)
        }
        guard form.passwords else { return ErrorPage.expired(call) }
        if let passkey = parameters.value("passkey") {
            return try await logIn(
                byPasskey: passkey, challenge: parameters.value("challenge"), interaction, browser, call)
        }
        let presentation = call.presentation(interaction)
        let typed = parameters.value("username") ?? ""
        let name = UserName.normalised(typed)
        let account = if let name { try await context.store.user(name: name) } else { StoredUser?.none }
        let attempt = LoginAttemptLimiter.Attempt(
            name: name ?? "", address: AddressBlock(of: call.request.clientAddress).text,
            knownBrowser: account.flatMap { KnownBrowser.read(call.request, $0, pepper) })
        guard limiter.allows(attempt, now: call.now) else {
            var response = try await form.page(
                interaction, browser, presentation, now: call.now, username: typed,
                problem: presentation[LoginText.tooManyAttempts], status: 429,
                fields: [("Retry-After", "60")])
            response.facts.event = "login_braked"
            return response
        }
        for round in 0..<Self.attemptsMax {
            let user: StoredUser?
            let isRight: Bool
            do {
                (user, isRight) = try await check(
                    name: name, password: parameters.value("password") ?? "", now: call.now, call.random)
            } catch {
                if round == 0 { limiter.takeBack(attempt) }
                throw error
            }
            guard isRight, let user else {
                var response = try await form.page(
                    interaction, browser, presentation, now: call.now, username: typed,
                    problem: presentation[LoginText.failed],
                    status: 403)
                response.facts.event = "login_failed"
                response.facts.subject = user?.id
                return response
            }
            if round == 0 { limiter.forgive(attempt) }
            if let response = try await logIn(user, interaction, call) { return response }
            // The account was changed while its password was computed, and may have another one by now; or the same page
            // was sent twice.
        }
        return ErrorPage.expired(call)
    }

    /// To the provider.
    private func leave(_ interaction: Interaction, _ browser: BrowserCookie, chooses: Bool, _ call: EndpointCall)
        async throws -> ServiceResponse
    {
        guard let redirect else { return ErrorPage.expired(call) }
        let presentation = call.presentation(interaction)
        if let page = try await redirect.leave(interaction, browser, chooses: chooses, call) { return page }
        return ProviderFault.unavailable.noted(
            try await form.page(
                interaction, browser, presentation, now: call.now, username: "",
                problem: presentation[ProviderText.unavailable],
                status: 503,
                fields: [("Retry-After", "10")]))
    }

    /// The account, and whether its password is this and it may log in.
    private func check(name: String?, password: String, now: Int64, _ random: Randomness) async throws -> (
        StoredUser?, Bool
    ) {
        let user = if let name { try await context.store.user(name: name) } else { StoredUser?.none }
        let hash = user?.passwordHash.flatMap(StoredPassword.init(text:))
        // Nobody has a password that is longer: this tells nothing, and saves the work.
        guard password.utf8.count <= PasswordRules.octetsMax else { return (user, false) }
        let isRight = try await hasher.verify(password, stored: hash)
        guard isRight, var current = user, !current.isDisabled else { return (user, false) }
        if let hash, hash.isOutdated(hasher.parameters) {
            // Parameters have grown since, or another server made it. That it was changed by another meanwhile is as good.
            current.passwordHash = try await hasher.hash(password, random: random).text
            if try await context.store.commit([.replace(current.record)], now: now) { current.version += 1 }
        }
        return (current, true)
    }

    /// nil: the account, or what is under way, has changed.
    private func logIn(_ user: StoredUser, _ interaction: Interaction, _ call: EndpointCall) async throws
        -> ServiceResponse?
    {
        if let due = try await nextFactor(user, interaction, call) { return due }
        let session = start.session(
            of: user, UserAuthentication(time: call.now, acr: "pwd", methods: ["pwd"]), interaction, call)
        guard try await context.store.commit([user.unchanged] + session.changes, now: call.now) else { return nil }
        var response = ServiceResponse.seeOther(
            interaction.continuation,
            fields: [session.cookie, KnownBrowser.field(user, pepper, call.random)])
        response.facts.event = "login"
        response.facts.subject = user.id
        return response
    }
}
