import Authenticators
import AuthorizationRecords
import HTTP
import Policy
import Texts

// What besides a password leads to a log-in, or has to.
extension LoginPage {
    private static let factorPath = AuthorizationServerEndpoint.loginFactor.path

    /// The password is right; whether something else is due. nil: nothing is. `.some(nil)`: the account, or what is under
    /// way, has changed.
    func nextFactor(_ user: StoredUser, _ interaction: Interaction, _ call: EndpointCall) async throws
        -> ServiceResponse??
    {
        guard factors.terms.settings.mode != .off else { return nil }
        let there = try await context.store.factors(of: user.id)
        let client = try await client(interaction)
        let due = factors.terms.due(there, least: access.leastLevel(of: user, for: client))
        guard due != .nothing else { return nil }
        if due == .enrolment, factors.terms.settings.missing == .refuse {
            return .some(try await refusedWithoutFactor(user, interaction, call))
        }
        let authentication = UserAuthentication(
            time: call.now, acr: AuthenticationLevel.password.rawValue, methods: ["pwd"])
        var next = interaction
        next.pass(FirstFactor(user, authentication, now: call.now))
        let changes = [user.unchanged, .replace(next.record)]
        guard try await context.store.commit(changes, now: call.now) else {
            return .some(nil)
        }
        var response = ServiceResponse.seeOther(Self.factorPath + "?interaction=" + interaction.id)
        response.facts.event = "factor_due"
        response.facts.subject = user.id
        response.facts.client = interaction.client
        return .some(response)
    }

    private func client(_ interaction: Interaction) async throws -> RegisteredClient? {
        interaction.clientID == Interaction.noClient ? nil : try await context.store.client(id: interaction.clientID)
    }

    /// The user needs a second factor, has none, and does not set it up here. An application is told.
    private func refusedWithoutFactor(_ user: StoredUser, _ interaction: Interaction, _ call: EndpointCall) async throws
        -> ServiceResponse?
    {
        let presentation = call.presentation(interaction)
        var next = interaction
        var response: ServiceResponse
        if next.turnAway(.unmet) {
            guard try await context.store.commit([user.unchanged, .replace(next.record)], now: call.now) else {
                return nil
            }
            response = context.link(
                title: FactorText.missingTitle, FactorText.missing, to: interaction.continuation, CommonText.goOn,
                presentation)
        } else {
            response = context.message(403, title: FactorText.missingTitle, FactorText.missing, presentation)
        }
        response.facts.error = Interaction.LogInRefusal.unmet.rawValue
        response.facts.event = "second_factor_missing"
        response.facts.subject = user.id
        response.facts.client = interaction.client
        return response
    }

    // MARK: By a passkey alone

    /// A passkey that says itself whose it is, of an authenticator that has checked who uses it.
    func logIn(
        byPasskey text: String, challenge: String?, _ interaction: Interaction, _ browser: BrowserCookie,
        _ call: EndpointCall
    ) async throws -> ServiceResponse {
        guard factors.terms.takesPasskeysAlone else { return ErrorPage.expired(call) }
        let passed: FactorCheck.Passed
        let user: StoredUser
        do {
            let answer = try factors.answer(text)
            let factor = try await context.store.value(
                .factor, StoredFactor.key(ofCredential: answer.credentialID), StoredFactor.init)
            passed = try factors.passkey(
                answer, factor, challenge: challenge, interaction, verifiesUser: true, now: call.now)
            guard let factor, let owner = try await context.store.user(id: factor.userID), !owner.isDisabled else {
                throw FactorCheck.Fault.passkey(.unknownCredential)
            }
            user = owner
        } catch let fault as FactorCheck.Fault {
            return try await refused(fault, interaction, browser, call)
        }
        let session = start.session(
            of: user,
            UserAuthentication(time: call.now, acr: passed.level.rawValue, methods: passed.methods), interaction, call)
        guard
            try await context.store.commit([user.unchanged] + passed.changes + session.changes, now: call.now)
        else { return try await refused(.expired, interaction, browser, call) }
        var response = ServiceResponse.seeOther(
            interaction.continuation, fields: [session.cookie, KnownBrowser.field(user, pepper, call.random)])
        response.facts.event = "login"
        response.facts.subject = user.id
        response.facts.client = interaction.client
        return response
    }

    private func refused(
        _ fault: FactorCheck.Fault, _ interaction: Interaction, _ browser: BrowserCookie, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        var interaction = interaction
        // Whatever came of it, its challenge is over.
        if try await context.store.commit([.replace(interaction.record)], now: call.now) { interaction.noteWritten() }
        let presentation = call.presentation(interaction)
        var response = try await form.page(
            interaction, browser, presentation, now: call.now, username: "",
            problem: presentation[fault == .expired ? FactorText.tryAgain : .passkeyFailed], status: 403)
        response.facts.event = "factor_failed"
        response.facts.client = interaction.client
        if case .passkey(let reason) = fault { response.facts.error = reason.rawValue }
        return response
    }

    // MARK: Step-up

    /// Somebody is logged in already, and only a second factor is missing for what is asked for: nobody types a password
    /// again for that. nil: that is not so.
    func stepUp(_ interaction: Interaction, _ call: EndpointCall) async throws -> ServiceResponse? {
        guard factors.terms.settings.mode != .off, interaction.firstFactor == nil, call.request.method == "GET",
            interaction.mayStepUp,
            let (session, user) = try await context.sessions.login(of: call.request, now: call.now)
        else { return nil }
        let there = try await context.store.factors(of: user.id)
        let least = access.leastLevel(of: user, for: try await client(interaction))
        guard isEnough(session, user, there, for: interaction, least: least, now: call.now) else { return nil }
        var next = interaction
        next.pass(FirstFactor(user, session.authentication, now: call.now))
        let changes: [StoreChange] = [
            user.unchanged, .expect(.session, key: session.key, version: session.version), .replace(next.record),
        ]
        guard try await context.store.commit(changes, now: call.now) else { return nil }
        return .seeOther(Self.factorPath + "?interaction=" + interaction.id)
    }

    private func isEnough(
        _ session: UserSession, _ user: StoredUser, _ there: UserFactors, for interaction: Interaction,
        least: AuthenticationLevel?, now: Int64
    ) -> Bool {
        let isFresh = FreshLogIn.isGood(session, now: now)
        // Who has none sets it up, as on the page about them: after a log-in of a moment ago.
        let lacks = !session.authentication.reaches(least)
        let mayReach =
            there.levels.contains { $0 >= least ?? .password }
            || !there.areThere && isFresh && factors.terms.settings.missing == .setUp
        guard let request = interaction.request else {
            if interaction.userCode != nil { return lacks && mayReach }
            return isFresh && (factors.terms.wants(there, session.authentication) || lacks && mayReach)
        }
        if let hinted = request.hintedUser, hinted != user.id { return false }
        let age = now &- session.authentication.time
        if let most = request.maxAge, most == 0 || age > most { return false }
        if lacks { return mayReach }
        let asked = request.acrValues
        if asked.contains(where: session.authentication.meets) { return false }
        let levels = asked.compactMap { AuthenticationLevel(rawValue: $0) }
        return levels.contains { level in there.levels.contains { $0 >= level } }
    }
}

extension Interaction {
    /// Whether what is asked for could be met by a second factor alone.
    fileprivate var mayStepUp: Bool {
        switch subject {
        case .authorization(let request, _, .begun): request.prompts.isDisjoint(with: [.login, .selectAccount])
        case .account(let place, _): place != .overview
        case .device(_, let user): user == nil
        case .authorization: false
        }
    }
}
