import AuthorizationRecords
import HTTP
import Policy
import Texts

/// `/oauth2/account/password`: another password, for whoever knows the one of now. This browser stays logged in, with
/// another secret in its cookie; everything else ends that ends with a new password.
struct AccountPasswordPage: PageEndpoint {
    let context: PageContext
    let access: AccountAccess
    let change: PasswordChange
    let limiter: LoginAttemptLimiter
    let pepper: SecretPepper

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let login = try await access.login(call) else {
            return try await access.logIn(for: .password, call)
        }
        return page(login.user, problem: nil, status: 200, call)
    }

    private func page(_ user: StoredUser, problem: String?, status: Int, _ call: EndpointCall) -> ServiceResponse {
        let presentation = call.presentation()
        guard user.passwordHash != nil else {
            return context.message(200, title: PasswordText.title, PasswordText.none, presentation)
        }
        let (browser, field) = access.browser(call)
        var page = context.page(
            .accountPassword, title: presentation[PasswordText.title],
            [
                "problem": problem, "action": AuthorizationServerEndpoint.accountPassword.path,
                "token": FormGuard.token(browser, purpose: Self.purpose), "username": user.name,
                "accountPath": AuthorizationServerEndpoint.account.path,
            ], presentation, status: status)
        page.fields = [field].compactMap { $0 }
        if status == 429 { page.fields.append(("Retry-After", "60")) }
        return page.response
    }

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.purpose)
        else { return ErrorPage.expired(call) }
        guard let login = try await access.login(call) else {
            return try await access.logIn(for: .password, call)
        }
        let presentation = call.presentation()
        let user = login.user
        guard let hash = user.passwordHash.flatMap(StoredPassword.init(text:)) else {
            return page(user, problem: nil, status: 200, call)
        }
        let current = parameters.value("current") ?? ""
        let password = parameters.value("new") ?? ""
        // Whoever sits before a browser that is logged in guesses no faster than anybody else.
        let attempt = LoginAttemptLimiter.Attempt(
            name: user.name, address: AddressBlock(of: call.request.clientAddress).text,
            knownBrowser: KnownBrowser.read(call.request, user, pepper))
        guard limiter.allows(attempt, now: call.now) else {
            var response = page(user, problem: presentation[LoginText.tooManyAttempts], status: 429, call)
            response.facts.event = "login_braked"
            return response
        }
        let isRight: Bool
        do {
            isRight =
                current.utf8.count <= PasswordRules.octetsMax
                ? try await change.hasher.verify(current, stored: hash) : false
        } catch {
            limiter.takeBack(attempt)
            throw error
        }
        guard isRight else {
            var response = page(user, problem: presentation[PasswordText.wrong], status: 403, call)
            response.facts.event = "login_failed"
            response.facts.subject = user.id
            return response
        }
        limiter.forgive(attempt)
        let problem =
            current == password
            ? .same
            : change.problem(password, again: parameters.value("again") ?? "", name: user.name, email: user.email)
        if let problem { return page(user, problem: presentation[problem], status: 400, call) }
        return try await set(
            password, login.session, user, endsGrants: parameters.value("applications") != nil, call)
    }

    private func set(
        _ password: String, _ session: UserSession, _ user: StoredUser, endsGrants: Bool, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        let changed = try await change.applied(password, to: user, random: call.random)
        let secret = RandomText.session.make(call.random)
        let goesOn = session.continued(under: RandomText.session.key(of: secret))
        var changes: [StoreChange] = [.replace(changed.record)] + UserBelongings.removals(of: user.id)
        if endsGrants { changes += Revoker.changes(ending: .subject(user.id), now: call.now) }
        changes.append(.insert(goesOn.record))
        guard try await context.store.commit(changes, now: call.now) else { return ErrorPage.expired(call) }
        var response = context.link(
            title: PasswordText.changedTitle, PasswordText.changed, to: AuthorizationServerEndpoint.account.path,
            AccountText.back, call.presentation())
        response.fields += [
            PageCookie.field(SessionReader.cookieName, secret), KnownBrowser.field(changed, pepper, call.random),
        ]
        response.facts.event = "password_changed"
        response.facts.subject = user.id
        if endsGrants { response.facts.settling = PasswordChange.overtaking }
        return response
    }

    private static let purpose = "account password"
}
