import Authenticators
package import AuthorizationRecords
import HTTP
import Octets
import Policy
import Texts

/// `/oauth2/account/factors`: the factors of whoever is logged in, to be added and removed. It needs a log-in of a moment
/// ago, and one by a second factor where there is one.
struct FactorsPage: PageEndpoint {
    let context: PageContext
    let enrolment: FactorEnrolment
    let access: UserAccess

    private var terms: FactorTerms { enrolment.terms }

    private struct State {
        let session: UserSession
        let user: StoredUser
        let factors: UserFactors
        let browser: BrowserCookie

        var purpose: String { "factors " + session.key }
        var place: FactorEnrolment.Place {
            FactorEnrolment.Place(user: user, binding: session.key, browser: browser)
        }
    }

    private enum Access {
        case given(State, newBrowser: Bool)
        case logIn
    }

    private func given(_ call: EndpointCall) async throws -> Access {
        guard let (session, user) = try await context.sessions.login(of: call.request, now: call.now),
            FreshLogIn.isGood(session, now: call.now)
        else { return .logIn }
        let factors = try await context.store.factors(of: user.id)
        guard !terms.wants(factors, session.authentication) else { return .logIn }
        let known = BrowserCookie(call.request)
        return .given(
            State(session: session, user: user, factors: factors, browser: known ?? BrowserCookie(call.random)),
            newBrowser: known == nil)
    }

    /// To the log-in page, and from there back here.
    private func logIn(_ call: EndpointCall) async throws -> ServiceResponse {
        try await AccountAccess(context: context, factors: terms).logIn(for: .factors, call)
    }

    // MARK: Shown

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard case .given(let state, let isNew) = try await given(call) else { return try await logIn(call) }
        var response =
            if parameters.value("set_up") == "totp", terms.offers(.totp), state.factors.totp == nil {
                appForm(state, call)
            } else { list(state, call) }
        if isNew { response.fields.append(state.browser.field) }
        return response
    }

    private func list(_ state: State, problem: FactorText? = nil, status: Int = 200, _ call: EndpointCall)
        -> ServiceResponse
    {
        let presentation = call.presentation()
        var content = common(state, presentation)
        content["problem"] = problem.map { presentation[$0] }
        let rows = state.factors.all.sorted { ($0.createdAt, $0.key) < ($1.createdAt, $1.key) }
            .filter { $0.method != .recoveryCodes }
        content["hasFactors"] = !rows.isEmpty
        content["factors"] = rows.map { row($0, state, presentation) }
        if state.factors.passkeys.count < StoredFactor.passkeysMax {
            content["newPasskey"] = enrolment.passkeyForm(state.place, state.factors, now: call.now)
        }
        if terms.offers(.totp), state.factors.totp == nil {
            content["appPath"] = AuthorizationServerEndpoint.factors.path + "?set_up=totp"
        }
        if state.factors.areThere {
            var left = 0
            if case .recoveryCodes(let digests)? = state.factors.recoveryCodes?.content { left = digests.count }
            content["recovery"] = presentation.text(FactorText.codesLeft, ["count": String(left)])
        }
        content["accountPath"] = Interaction.AccountPlace.overview.path
        var page = context.page(
            .factors, title: presentation[FactorText.listTitle], content, presentation, status: status)
        page.scripts = [PasskeyForm.source]
        return page.response
    }

    private func row(_ factor: StoredFactor, _ state: State, _ presentation: Presentation) -> [String: Any] {
        let name =
            switch factor.content {
            case .passkey: factor.label.isEmpty ? presentation[FactorText.passkey] : factor.label.shownOnPage()
            case .totp, .recoveryCodes: presentation[FactorText.app]
            }
        var kind = factor.method == .passkey && !factor.label.isEmpty ? presentation[FactorText.passkey] + " · " : ""
        if case .passkey(let passkey) = factor.content, passkey.isBackupEligible {
            kind += presentation[FactorText.synced] + " · "
        }
        return [
            "name": name, "key": factor.key,
            "about": kind + presentation.text(FactorText.addedOn, ["date": Day.text(factor.createdAt)])
                + (factor.lastUsedAt.map { " · " + presentation.text(FactorText.usedOn, ["date": Day.text($0)]) } ?? ""),
            "removal": presentation.text(FactorText.removeNamed, ["name": name]),
        ]
    }

    private func appForm(
        _ state: State, keeping secret: String? = nil, problem: FactorText? = nil, status: Int = 200,
        _ call: EndpointCall
    ) -> ServiceResponse {
        let presentation = call.presentation()
        var content = common(state, presentation)
        content["problem"] = problem.map { presentation[$0] }
        content.merge(
            enrolment.codeForm(state.place, host: presentation.label(host: context.host), keeping: secret, call.random)
        ) { $1 }
        content["backPath"] = AuthorizationServerEndpoint.factors.path
        return context.page(
            .factorApp, title: presentation[FactorText.appTitle], content, presentation, status: status
        ).response
    }

    private func common(_ state: State, _ presentation: Presentation) -> [String: Any] {
        [
            "user": presentation.emphasising(FactorText.loggedIn, ["user": state.user.shownName]),
            "action": AuthorizationServerEndpoint.factors.path,
            "token": FormGuard.token(state.browser, purpose: state.purpose),
        ]
    }

    // MARK: Sent

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard case .given(let state, _) = try await given(call) else { return try await logIn(call) }
        guard
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: state.browser, purpose: state.purpose)
        else { return ErrorPage.expired(call) }
        switch parameters.value("do") {
        case "new_codes": return try await newCodes(state, call)
        case "remove": return try await remove(parameters.value("factor") ?? "", state, call)
        default: return try await add(parameters, state, call)
        }
    }

    private func add(_ parameters: RequestParameters, _ state: State, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        let new: FactorEnrolment.New
        do throws(FactorEnrolment.Fault) {
            new = try enrolment.factor(parameters, state.place, state.factors, context.forms, call)
        } catch {
            return refused(error, parameters, state, call)
        }
        var session = state.session
        // The new factor was shown just now.
        session.authentication = session.authentication.adding(
            new.methods, new.level, time: session.authentication.time)
        var changes: [StoreChange] = [
            state.user.touched, .expect(.session, key: session.key, version: session.version),
        ]
        changes += FactorEnrolment.endings(of: state.user, state.factors)
        if !state.factors.areThere { session.version = 0 }
        changes += [
            state.factors.areThere ? .replace(session.record) : .insert(session.record),
            .insert(new.factor.record),
        ]
        var codes: [String] = []
        if state.factors.recoveryCodes == nil {
            let (made, recovery) = FactorEnrolment.recoveryCodes(of: state.user, state.factors, call)
            codes = made
            changes += recovery
        }
        guard try await context.store.commit(changes, now: call.now) else {
            return refused(.expired, parameters, state, call)
        }
        return noted(
            codes.isEmpty ? .seeOther(AuthorizationServerEndpoint.factors.path) : shown(codes, call), "factor_added",
            state)
    }

    private func refused(
        _ fault: FactorEnrolment.Fault, _ parameters: RequestParameters, _ state: State, _ call: EndpointCall
    ) -> ServiceResponse {
        var response =
            fault == .wrongCode
            ? appForm(state, keeping: parameters.value("secret"), problem: .wrongCode, status: 403, call)
            : list(state, problem: FactorText(fault), status: 403, call)
        if case .passkey(let reason) = fault { response.facts.error = reason.rawValue }
        return noted(response, "factor_refused", state)
    }

    private func newCodes(_ state: State, _ call: EndpointCall) async throws -> ServiceResponse {
        guard state.factors.areThere else { return list(state, problem: .tryAgain, status: 403, call) }
        let (codes, recovery) = FactorEnrolment.recoveryCodes(of: state.user, state.factors, call)
        guard try await context.store.commit([state.user.touched] + recovery, now: call.now) else {
            return list(state, problem: .tryAgain, status: 403, call)
        }
        return noted(shown(codes, call), "recovery_codes_made", state)
    }

    private func shown(_ codes: [String], _ call: EndpointCall) -> ServiceResponse {
        let presentation = call.presentation()
        return context.page(
            .recoveryCodes, title: presentation[FactorText.recoveryTitle],
            [
                "codes": codes.map(RecoveryCode.shown), "continuePath": AuthorizationServerEndpoint.factors.path,
            ], presentation
        ).response
    }

    /// With a factor everything ends that it may have begun: other browsers are logged out. What was granted stays; the page
    /// about the account ends that.
    private func remove(_ key: String, _ state: State, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let factor = state.factors.all.first(where: { $0.key == key && $0.method != .recoveryCodes }) else {
            return list(state, problem: .tryAgain, status: 403, call)
        }
        let isLast = state.factors.all.count(where: { $0.method != .recoveryCodes }) == 1
        let isDemanded = access.demandsFactor(of: state.user)
        guard !isLast || !isDemanded && state.user.passwordHash != nil else {
            return list(state, problem: .lastFactor, status: 403, call)
        }
        var session = state.session
        session.version = 0
        let removed = FactorRemoval.changes(factor, isLast: isLast, state.factors, state.user)
        guard try await context.store.commit(removed + [.insert(session.record)], now: call.now) else {
            return list(state, problem: .tryAgain, status: 403, call)
        }
        return noted(.seeOther(AuthorizationServerEndpoint.factors.path), "factor_removed", state)
    }

    private func noted(_ response: ServiceResponse, _ event: String, _ state: State) -> ServiceResponse {
        var response = response
        response.facts.event = event
        response.facts.subject = state.user.id
        return response
    }
}

/// What goes with a factor.
package enum FactorRemoval {
    /// Without the last factor recovery codes stand in for nothing. The account's epoch grows, so that a log-in that is under
    /// way, and a browser that is known, count no longer.
    /// - Parameter isLast: no passkey and no app is left.
    package static func changes(
        _ factor: StoredFactor, isLast: Bool, _ factors: UserFactors, _ user: StoredUser
    ) -> [StoreChange] {
        var user = user
        user.epoch &+= 1
        var changes: [StoreChange] = [
            .replace(user.record), .remove(.factor, key: factor.key, version: factor.version),
        ]
        if isLast, let codes = factors.recoveryCodes { changes.append(.remove(.factor, key: codes.key)) }
        return changes + UserBelongings.removals(of: user.id)
    }
}

/// A day, as all languages read it.
enum Day {
    /// - Parameter time: seconds since 1970.
    static func text(_ time: Int64) -> String {
        let date = CivilDate(daysSince1970: Int(min(max(time, 0), 253_402_300_799) / 86_400))
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(date.year)-\(two(date.month))-\(two(date.day))"
    }
}
