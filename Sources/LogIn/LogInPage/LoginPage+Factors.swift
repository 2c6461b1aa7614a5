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
        guard factors.terms.due(there) != .nothing else { return nil }
        let authentication = UserAuthentication(
            time: call.now, acr: AuthenticationLevel.password.rawValue, methods: ["pwd"])
        var next = interaction
        next.pass(FirstFactor(user, authentication, now: call.now))
        guard try await context.store.commit([user.unchanged, .replace(next.record)], now: call.now) else {
            return .some(nil)
        }
        var response = ServiceResponse.seeOther(Self.factorPath + "?interaction=" + interaction.id)
        response.facts.event = "factor_due"
        response.facts.subject = user.id
        response.facts.client = interaction.client
        return .some(response)
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
        guard isEnough(session, user, there, for: interaction, now: call.now) else { return nil }
        var next = interaction
        next.pass(FirstFactor(user, session.authentication, now: call.now))
        let changes: [StoreChange] = [
            user.unchanged, .expect(.session, key: session.key, version: session.version), .replace(next.record),
        ]
        guard try await context.store.commit(changes, now: call.now) else { return nil }
        return .seeOther(Self.factorPath + "?interaction=" + interaction.id)
    }

    private func isEnough(
        _ session: UserSession, _ user: StoredUser, _ there: UserFactors, for interaction: Interaction, now: Int64
    ) -> Bool {
        guard let request = interaction.request else {
            return FreshLogIn.isGood(session, now: now) && factors.terms.wants(there, session.authentication)
        }
        let age = now &- session.authentication.time
        return request.hintedUser.map { $0 == user.id } ?? true
            && request.maxAge.map { $0 > 0 && age <= $0 } ?? true
            && !request.acrValues.contains(where: session.authentication.meets)
            && request.acrValues.contains { value in
                AuthenticationLevel(rawValue: value).map { asked in there.levels.contains { $0 >= asked } } ?? false
            }
    }
}

extension Interaction {
    /// Whether what is asked for could be met by a second factor alone.
    fileprivate var mayStepUp: Bool {
        switch subject {
        case .authorization(let request, _, .begun):
            !request.acrValues.isEmpty && request.prompts.isDisjoint(with: [.login, .selectAccount])
        case .account(let place, _): place != .overview
        case .authorization, .device: false
        }
    }
}
