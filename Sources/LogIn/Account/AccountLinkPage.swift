import AuthorizationRecords
import HTTP
import Policy
import Texts

/// `/oauth2/account/link`: where links lead that an operator made or that were sent by mail. Looking at the page changes
/// nothing, since mail scanners look, too; the form uses the link up. Nobody is logged in by it: the log-in afterwards is
/// one like any other.
struct AccountLinkPage: PageEndpoint {
    let context: PageContext
    let access: AccountAccess
    let change: PasswordChange
    /// nil: no mail is sent.
    let mail: AccountMail?
    /// What tokens say of users.
    let rules: UserAccess
    /// nil: nobody logs in by a passkey alone.
    let enrolment: FactorEnrolment?

    /// A link that counts, and whose it is.
    private struct Found {
        let link: AccountLink
        /// As it stands in the address.
        let secret: String
        /// nil: the link begins an account.
        let user: StoredUser?
        /// Of an account that may be given a passkey in place of a password: it has none, so that nobody gets around one
        /// by a link. nil: it may not.
        var factors: UserFactors?
    }

    /// nil: there is none, it is over, or its account may not log in.
    private func find(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> Found? {
        guard let secret = parameters.value("link"), RandomText.accountLink.isWellFormed(secret),
            let record = try await context.store.record(.accountLink, RandomText.accountLink.key(of: secret)),
            !record.isExpired(at: call.now)
        else { return nil }
        let link = try record.read(AccountLink.init)
        guard let id = link.userID else {
            return link.email == nil ? nil : Found(link: link, secret: secret, user: nil)
        }
        guard let user = try await context.store.user(id: id), !user.isDisabled,
            user.identity == nil || link.purpose == .email
        else { return nil }
        var found = Found(link: link, secret: secret, user: user)
        if enrolment != nil, link.purpose != .email, case let factors = try await context.store.factors(of: id),
            factors.all.isEmpty, factors.damaged == nil
        {
            found.factors = factors
        }
        return found
    }

    private func place(_ found: Found, _ browser: BrowserCookie) -> FactorEnrolment.Place? {
        found.user.map {
            FactorEnrolment.Place(user: $0, binding: Self.purpose(found.link), browser: browser, isAlone: true)
        }
    }

    // MARK: Shown

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let found = try await find(parameters, call) else { return dead(call) }
        if found.link.purpose == .email, try await !isLoggedIn(found, call) { return try await logInFirst(call) }
        return page(found, problem: nil, call)
    }

    private func page(_ found: Found, problem: String?, displayName: String = "", _ call: EndpointCall)
        -> ServiceResponse
    {
        let presentation = call.presentation()
        let (browser, field) = access.browser(call)
        var content: [String: Any?] = [
            "problem": problem, "action": AuthorizationServerEndpoint.accountLink.path,
            "token": FormGuard.token(browser, purpose: Self.purpose(found.link)), "link": found.secret,
            "username": found.user?.name ?? Self.name(found.link), "setsPassword": found.link.purpose != .email,
        ]
        let title: String
        let user = found.user?.shownName ?? ""
        switch found.link.purpose {
        case .invitation:
            title = presentation[PasswordText.invitationTitle]
            content["intro"] = presentation.emphasising(PasswordText.invitation, ["user": user])
        case .reset:
            title = presentation[PasswordText.resetTitle]
            content["intro"] = presentation.emphasising(PasswordText.reset, ["user": user])
        case .signUp:
            title = presentation[ForgottenText.finishTitle]
            content["intro"] = presentation.emphasising(ForgottenText.finish, ["user": Self.name(found.link) ?? ""])
            content["asksName"] = true
            content["displayName"] = displayName
        case .email:
            title = presentation[ForgottenText.emailTitle]
            content["intro"] = presentation.emphasising(
                ForgottenText.emailConfirm, ["email": found.link.email ?? "", "user": user])
        }
        if let factors = found.factors, let place = place(found, browser) {
            content["newPasskey"] = enrolment?.passkeyForm(place, factors, now: call.now)
        }
        var page = context.page(
            .accountLink, title: title, content, presentation, status: problem == nil ? 200 : 400)
        page.fields = [field].compactMap { $0 }
        if found.factors != nil { page.scripts = [PasskeyForm.source] }
        return page.response
    }

    private func dead(_ call: EndpointCall) -> ServiceResponse {
        var response = context.message(400, title: PasswordText.deadTitle, PasswordText.dead, call.presentation())
        response.facts.event = "link_refused"
        return response
    }

    /// Somebody could have asked for a link to the address of another, who must not give it away by a click.
    private func logInFirst(_ call: EndpointCall) async throws -> ServiceResponse {
        // Who is logged in lacks the second factor, which that page asks for.
        let isThere = try await context.sessions.login(of: call.request, now: call.now) != nil
        let endpoint: AuthorizationServerEndpoint = isThere && mail != nil ? .accountEmail : .account
        return context.link(
            title: ForgottenText.emailTitle, ForgottenText.emailLogIn, to: endpoint.path, LoginText.submit,
            call.presentation())
    }

    /// With the second factor where there is one: a session of before it was set up gives the account no other address.
    private func isLoggedIn(_ found: Found, _ call: EndpointCall) async throws -> Bool {
        let login = try await access.login(call)
        return login != nil && login?.user.id == found.user?.id
    }

    // MARK: Sent

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let found = try await find(parameters, call) else { return dead(call) }
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser,
                purpose: Self.purpose(found.link))
        else { return ErrorPage.expired(call) }
        if found.link.purpose == .email {
            guard let user = found.user, try await isLoggedIn(found, call) else {
                return try await logInFirst(call)
            }
            return try await setEmail(found.link, user, call)
        }
        if parameters.value("passkey") != nil { return try await setPasskey(found, parameters, browser, call) }
        let presentation = call.presentation()
        let password = parameters.value("new") ?? ""
        // Only who begins an account says what it is called.
        let typed = found.user == nil ? parameters.value("display_name") ?? "" : ""
        let displayName = typed.shownOnPage(UserName.textBytesMax)
        guard DisplayName.fault(typed) == nil, DisplayName.fault(displayName) == nil else {
            return page(found, problem: presentation[AccountText.badName], displayName: displayName, call)
        }
        if let problem = change.problem(
            password, again: parameters.value("again") ?? "", name: found.user?.name ?? Self.name(found.link) ?? "",
            email: found.user?.email ?? found.link.email)
        {
            return page(found, problem: presentation[problem], displayName: displayName, call)
        }
        guard let user = found.user else {
            return try await begin(found.link, password, displayName: displayName, call)
        }
        return try await setPassword(found.link, password, user, call)
    }

    private func setPassword(_ link: AccountLink, _ password: String, _ user: StoredUser, _ call: EndpointCall)
        async throws -> ServiceResponse
    {
        var changed = try await change.applied(password, to: user, random: call.random)
        // Whoever opened it reads the mail of this address.
        if let email = link.email, email == user.email { changed.isEmailVerified = true }
        let changes =
            [link.use, .replace(changed.record)] + UserBelongings.removals(of: user.id)
            + Revoker.changes(ending: .subject(user.id), now: call.now)
        guard try await context.store.commit(changes, now: call.now) else { return dead(call) }
        var response = done(call)
        response.facts.event = link.purpose == .invitation ? "invitation_accepted" : "password_reset"
        response.facts.subject = user.id
        response.facts.settling = PasswordChange.overtaking
        return response
    }

    /// A passkey in place of a password, which is gone then. Everything ends that ends with a new password.
    private func setPasskey(
        _ found: Found, _ parameters: RequestParameters, _ browser: BrowserCookie, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        guard let enrolment, let factors = found.factors, let user = found.user, let place = place(found, browser)
        else { return ErrorPage.expired(call) }
        let new: FactorEnrolment.New
        do throws(FactorEnrolment.Fault) {
            new = try enrolment.factor(parameters, place, factors, context.forms, call)
        } catch {
            var response = page(found, problem: call.presentation()[FactorText(error)], call)
            response.facts.event = "factor_refused"
            response.facts.subject = user.id
            return response
        }
        var changed = user
        changed.passwordHash = nil
        changed.epoch &+= 1
        if let email = found.link.email, email == user.email { changed.isEmailVerified = true }
        let changes =
            [found.link.use, .replace(changed.record)] + UserBelongings.removals(of: user.id)
            + Revoker.changes(ending: .subject(user.id), now: call.now) + [.insert(new.factor.record)]
        guard try await context.store.commit(changes, now: call.now) else { return dead(call) }
        var response = context.link(
            title: PasswordText.passkeySetTitle, PasswordText.passkeySet, to: AuthorizationServerEndpoint.account.path,
            PasswordText.logIn, call.presentation())
        response.fields.append(PageCookie.removal(SessionReader.cookieName))
        response.facts.event = "passkey_set_by_link"
        response.facts.subject = user.id
        response.facts.settling = PasswordChange.overtaking
        return response
    }

    /// The account comes into being here: before somebody has shown to read the mail of its address there is nothing that
    /// could be prepared for them by another.
    private func begin(_ link: AccountLink, _ password: String, displayName: String, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        guard let name = Self.name(link) else { return dead(call) }
        var user = StoredUser(id: RandomText.userID.make(call.random), name: name, createdAt: call.now)
        user.email = link.email
        user.isEmailVerified = true
        user.displayName = displayName.isEmpty ? nil : displayName
        user.passwordHash = try await change.hasher.hash(password, random: call.random).text
        guard
            try await context.store.commit(
                [link.use, .insert(user.nameRecord), .insert(user.record)], now: call.now)
        else { return dead(call) }
        var response = done(call)
        response.facts.event = "signed_up"
        response.facts.subject = user.id
        return response
    }

    private func done(_ call: EndpointCall) -> ServiceResponse {
        var response = context.link(
            title: PasswordText.setTitle, PasswordText.set, to: AuthorizationServerEndpoint.account.path,
            PasswordText.logIn, call.presentation())
        // Somebody else may have been logged in here.
        response.fields.append(PageCookie.removal(SessionReader.cookieName))
        return response
    }

    private func setEmail(_ link: AccountLink, _ user: StoredUser, _ call: EndpointCall) async throws -> ServiceResponse
    {
        guard let email = link.email else { return dead(call) }
        var changed = user
        changed.email = email
        changed.isEmailVerified = true
        // Links that lie in the mailbox of before set no password any more.
        var changes: [StoreChange] = [
            link.use, .replace(changed.record), .removeAll(RecordQuery(.accountLink, subject: user.id)),
        ]
        // Access tokens that say the address of before.
        let endsTokens = rules.hasLost(changed, since: user)
        if endsTokens { changes += Revoker.changes(ending: .subject(user.id), now: call.now, keepsGrants: true) }
        guard try await context.store.commit(changes, now: call.now) else { return dead(call) }
        if let old = user.email, old.lowercased() != email.lowercased() {
            mail?.sendNotice(to: old, changed, call.presentation())
        }
        var response = context.link(
            title: ForgottenText.emailDoneTitle, ForgottenText.emailDone,
            to: AuthorizationServerEndpoint.account.path, AccountText.back, call.presentation())
        response.facts.event = "email_changed"
        response.facts.subject = user.id
        if endsTokens { response.facts.settling = PasswordChange.overtaking }
        return response
    }

    /// Of the account that the link begins.
    private static func name(_ link: AccountLink) -> String? { link.email.flatMap(UserName.normalised) }

    private static func purpose(_ link: AccountLink) -> String { "account link " + link.key }
}
