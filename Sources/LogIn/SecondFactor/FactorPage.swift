import Authenticators
import AuthorizationRecords
import HTTP
import Policy
import Texts

/// `/oauth2/login/factor`: what is shown besides the password, in the course of an interaction. Only after it there is a
/// session. Where everybody must have a second factor and somebody has none, it is set up here.
struct FactorPage: PageEndpoint {
    let context: PageContext
    let start: SessionStart
    let check: FactorCheck
    let enrolment: FactorEnrolment
    let pepper: SecretPepper

    /// Who has shown the first factor, in this browser, a moment ago.
    private struct State {
        var interaction: Interaction
        let browser: BrowserCookie
        let first: FirstFactor
        let user: StoredUser
        let factors: UserFactors

        var purpose: String { "second factor " + interaction.id }
        /// Of the log-in, if what is shown now is right.
        func time(_ now: Int64) -> Int64 { first.wasShownHere ? now : first.authentication.time }
        var place: FactorEnrolment.Place {
            FactorEnrolment.Place(user: user, binding: interaction.browserKey + " " + interaction.id, browser: browser)
        }
    }

    /// nil: it is over, or something was taken back meanwhile.
    private func state(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> State? {
        guard let (interaction, browser) = try await context.interaction(parameters.value("interaction"), call),
            let first = interaction.firstFactor, call.now < first.endsAt,
            let user = try await context.store.user(id: first.userID), !user.isDisabled, user.epoch == first.epoch
        else { return nil }
        return State(
            interaction: interaction, browser: browser, first: first, user: user,
            factors: try await context.store.factors(of: user.id))
    }

    // MARK: Shown

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let state = try await state(parameters, call) else { return ErrorPage.expired(call) }
        guard setsUp(state) else { return try await page(state, call) }
        return parameters.value("set_up") == "totp" && check.terms.offers(.totp)
            ? appForm(state, call) : setUp(state, call)
    }

    /// Something is due, or there would be no first factor: who has nothing sets it up.
    private func setsUp(_ state: State) -> Bool { check.terms.settings.mode != .off && !state.factors.areThere }

    private func page(
        _ state: State, problem: FactorText? = nil, status: Int = 200, fields: [ServiceResponse.Field] = [],
        _ call: EndpointCall
    ) async throws -> ServiceResponse {
        // One that cannot be read is not passed over: nobody gets in by the password alone because of it.
        if let damaged = state.factors.damaged, state.factors.passkeys.isEmpty, state.factors.totp == nil {
            throw damaged
        }
        let presentation = call.presentation(state.interaction)
        let client = try await context.store.client(id: state.interaction.clientID)
        var content = common(state, presentation)
        content["hasClient"] = client != nil
        content["client"] = client.map {
            presentation.emphasising(LoginText.client, ["client": $0.shownName(presentation)])
        }
        content["problem"] = problem.map { presentation[$0] }
        content["isWrong"] = problem == .wrongCode
        content["hasCodes"] = state.factors.totp != nil
        content["hasRecovery"] = state.factors.recoveryCodes != nil
        content["loginPath"] = AuthorizationServerEndpoint.login.path + "?interaction=" + state.interaction.id
        if let party = check.terms.party, !state.factors.passkeys.isEmpty {
            content["passkey"] = PasskeyForm.use(
                party,
                challenge: check.challenges.make(PasskeyChallenge.purpose(state.interaction), now: call.now),
                known: state.factors.passkeys, verifiesUser: false)
        }
        var page = context.page(
            .factor, title: presentation[FactorText.title], content, presentation, status: status,
            formTargets: state.interaction.formTargets)
        page.scripts = state.factors.passkeys.isEmpty ? [] : [PasskeyForm.source]
        page.fields = fields
        return page.response
    }

    private func setUp(_ state: State, problem: FactorText? = nil, status: Int = 200, _ call: EndpointCall)
        -> ServiceResponse
    {
        let presentation = call.presentation(state.interaction)
        var content = common(state, presentation)
        content["problem"] = problem.map { presentation[$0] }
        content["intro"] = presentation[FactorText.required]
        content["newPasskey"] = enrolment.passkeyForm(state.place, state.factors, now: call.now)
        if check.terms.offers(.totp) {
            content["appPath"] =
                AuthorizationServerEndpoint.loginFactor.path + "?interaction=" + state.interaction.id + "&set_up=totp"
        }
        var page = context.page(
            .factorSetUp, title: presentation[FactorText.requiredTitle], content, presentation, status: status,
            formTargets: state.interaction.formTargets)
        page.scripts = [PasskeyForm.source]
        return page.response
    }

    private func appForm(
        _ state: State, keeping secret: String? = nil, problem: FactorText? = nil, status: Int = 200,
        _ call: EndpointCall
    ) -> ServiceResponse {
        let presentation = call.presentation(state.interaction)
        var content = common(state, presentation)
        content["problem"] = problem.map { presentation[$0] }
        content.merge(
            enrolment.codeForm(state.place, host: presentation.label(host: context.host), keeping: secret, call.random)
        ) { $1 }
        content["backPath"] =
            AuthorizationServerEndpoint.loginFactor.path + "?interaction=" + state.interaction.id
        return context.page(
            .factorApp, title: presentation[FactorText.appTitle], content, presentation, status: status,
            formTargets: state.interaction.formTargets
        ).response
    }

    private func common(_ state: State, _ presentation: Presentation) -> [String: Any] {
        [
            "user": presentation.emphasising(FactorText.user, ["user": state.user.shownName]),
            "action": AuthorizationServerEndpoint.loginFactor.path, "interaction": state.interaction.id,
            "token": FormGuard.token(state.browser, purpose: state.purpose),
        ]
    }

    // MARK: Sent

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let state = try await state(parameters, call),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: state.browser, purpose: state.purpose)
        else { return ErrorPage.expired(call) }
        if setsUp(state) { return try await enrol(parameters, state, call) }
        let passed: FactorCheck.Passed
        do throws(FactorCheck.Fault) { passed = try pass(parameters, state, call) } catch {
            return try await refused(error, state, call)
        }
        let authentication = state.first.authentication.adding(passed.methods, passed.level, time: state.time(call.now))
        return try await logIn(state, authentication, passed, call)
    }

    private func pass(_ parameters: RequestParameters, _ state: State, _ call: EndpointCall)
        throws(FactorCheck.Fault) -> FactorCheck.Passed
    {
        guard let text = parameters.value("passkey") else {
            return try check.code(
                parameters.value("code") ?? "", state.factors, of: state.user,
                knownBrowser: KnownBrowser.read(call.request, state.user, pepper), now: call.now, call.random)
        }
        let answer = try check.answer(text)
        let key = StoredFactor.key(ofCredential: answer.credentialID)
        return try check.passkey(
            answer, state.factors.passkeys.first { $0.key == key }, challenge: parameters.value("challenge"),
            state.interaction, verifiesUser: false, now: call.now)
    }

    private func refused(_ fault: FactorCheck.Fault, _ state: State, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        var state = state
        var response: ServiceResponse
        switch fault {
        case .wrongCode: response = try await page(state, problem: .wrongCode, status: 403, call)
        case .tooManyAttempts:
            response = try await page(
                state, problem: .tooManyAttempts, status: 429, fields: [("Retry-After", "60")], call)
        case .unreadable:
            response = ErrorPage.unavailable(call)
            response.facts.error = "factor_unreadable"
        case .expired, .passkey:
            // Whatever came of it, its challenge is over.
            if try await context.store.commit([.replace(state.interaction.record)], now: call.now) {
                state.interaction.noteWritten()
            }
            response = try await page(
                state, problem: fault == .expired ? .tryAgain : .passkeyFailed, status: 403, call)
        }
        response.facts.event = fault == .tooManyAttempts ? "factor_braked" : "factor_failed"
        response.facts.subject = state.user.id
        response.facts.client = state.interaction.client
        if case .passkey(let reason) = fault { response.facts.error = reason.rawValue }
        return response
    }

    private func logIn(
        _ state: State, _ authentication: UserAuthentication, _ passed: FactorCheck.Passed, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        let session = start.session(of: state.user, authentication, state.interaction, call)
        // The code, the passkey and the interaction are as they were when they were looked at: none of them counts twice.
        let all = [state.user.unchanged] + passed.changes + session.changes
        guard try await context.store.commit(all, now: call.now) else {
            return try await refused(.expired, state, call)
        }
        var response = ServiceResponse.seeOther(
            state.interaction.continuation,
            fields: [session.cookie, KnownBrowser.field(state.user, pepper, call.random)])
        response.facts.event = passed.method == .recoveryCodes ? "login_by_recovery_code" : "login"
        response.facts.subject = state.user.id
        response.facts.client = state.interaction.client
        return response
    }

    // MARK: Set up

    private func enrol(_ parameters: RequestParameters, _ state: State, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        let new: FactorEnrolment.New
        do throws(FactorEnrolment.Fault) {
            new = try enrolment.factor(parameters, state.place, state.factors, context.forms, call)
        } catch {
            return try await refused(error, parameters, state, call)
        }
        let (codes, recovery) = FactorEnrolment.recoveryCodes(of: state.user, state.factors, call)
        let authentication = state.first.authentication.adding(new.methods, new.level, time: state.time(call.now))
        let session = start.session(of: state.user, authentication, state.interaction, writtenAnew: true, call)
        let all =
            [
                state.user.touched,
                .expect(.interaction, key: state.interaction.record.key, version: state.interaction.version),
            ] + FactorEnrolment.endings(of: state.user, state.factors) + [.insert(new.factor.record)] + recovery
            + session.changes
        guard try await context.store.commit(all, now: call.now) else {
            return try await refused(.expired, parameters, state, call)
        }
        let presentation = call.presentation(state.interaction)
        var page = context.page(
            .recoveryCodes, title: presentation[FactorText.recoveryTitle],
            ["codes": codes.map(RecoveryCode.shown), "continuePath": state.interaction.continuation], presentation,
            formTargets: state.interaction.formTargets)
        page.fields = [session.cookie, KnownBrowser.field(state.user, pepper, call.random)]
        var response = page.response
        response.facts.event = "factor_added"
        response.facts.subject = state.user.id
        response.facts.client = state.interaction.client
        return response
    }

    private func refused(
        _ fault: FactorEnrolment.Fault, _ parameters: RequestParameters, _ state: State, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        // What was done in another tab meanwhile counts.
        guard let state = fault == .expired ? try await self.state(parameters, call) : state else {
            return ErrorPage.expired(call)
        }
        var response =
            fault == .wrongCode
            ? appForm(state, keeping: parameters.value("secret"), problem: .wrongCode, status: 403, call)
            : setUp(state, problem: FactorText(fault), status: 403, call)
        response.facts.event = "factor_refused"
        response.facts.subject = state.user.id
        if case .passkey(let reason) = fault { response.facts.error = reason.rawValue }
        return response
    }
}

extension FirstFactor {
    /// In the course of this log-in, and not long ago in a session.
    fileprivate var wasShownHere: Bool { authentication.time >= endsAt - Self.seconds }
}

extension Interaction {
    /// Of `ServiceFacts`; nil: no client asks.
    var client: String? { clientID == Self.noClient ? nil : clientID }
}

/// What users call their passkeys.
enum FactorLabel {
    private static let lettersMax = 40

    /// Empty: they have not said.
    static func read(_ parameters: RequestParameters) -> String {
        var label = (parameters.value("label") ?? "").shownOnPage(lettersMax)
        while label.utf8.count > StoredFactor.labelBytesMax { label.removeLast() }
        return label
    }
}

extension FactorText {
    init(_ fault: FactorEnrolment.Fault) {
        self =
            switch fault {
            case .passkey: .passkeyNotMade
            case .expired, .unavailable: .tryAgain
            case .wrongCode: .wrongCode
            case .tooMany: .tooManyPasskeys
            case .alreadyThere: .appAlreadyThere
            }
    }
}
