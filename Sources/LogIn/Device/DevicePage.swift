import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// `/oauth2/device` (RFC 8628 §3.3): a user types the code that a device shows, logs in, and lets the device in or
/// not.
///
/// Also when the code came in the address (`verification_uri_complete`, §3.3.1), the user sees it, is told to compare
/// it with the device, and has to say yes: somebody may have sent the address (§5.4).
struct DevicePage: PageEndpoint {
    /// So long may it take from the code to the answer; the code itself may end before.
    static let interactionSeconds: Int64 = 1_800

    let context: PageContext
    let asked: AskedFor
    let verification: DeviceVerification
    let access: UserAccess

    // MARK: Shown

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        if let id = parameters.value("interaction") { return try await confirmation(id, call) }
        let code = parameters.value("user_code").flatMap(UserCode.normalised).map(UserCode.shown)
        return entry(code: code ?? "", problem: nil, status: 200, call)
    }

    private func entry(code: String, problem: DeviceText?, status: Int, _ call: EndpointCall) -> ServiceResponse {
        let browser = BrowserCookie(call.request)
        let secret = browser ?? BrowserCookie(call.random)
        let presentation = call.presentation()
        var page = context.page(
            .deviceCode, title: presentation[DeviceText.title],
            [
                "code": code, "problem": problem.map { presentation[$0] },
                "action": AuthorizationServerEndpoint.device.path,
                "token": FormGuard.token(secret, purpose: Self.entryPurpose),
            ], presentation, status: status)
        if browser == nil { page.fields.append(secret.field) }
        if status == 429 { page.fields.append(("Retry-After", "60")) }
        var response = page.response
        switch status {
        case 429: response.facts.event = "user_code_braked"
        case 400: response.facts.event = "user_code_rejected"
        default: break
        }
        return response
    }

    private func confirmation(_ id: String, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let (interaction, browser) = try await context.interaction(id, call), let code = interaction.userCode
        else {
            return ErrorPage.expired(call)
        }
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            return Self.login(interaction)
        }
        switch await verification.find(code, address: call.request.clientAddress, userID: login.user.id, now: call.now)
        {
        case .found(let request):
            let client = try await context.store.client(id: request.clientID)
            if let weak = weak(login, client, interaction, call) { return weak }
            let presentation = call.presentation()
            let share = access.share(request.scopes, of: login.user)
            var content = asked.content(
                scopes: share.isNothing ? share.leftOut : share.granted, resources: request.resources, details: nil,
                presentation)
            content["code"] = UserCode.shown(code)
            content["asks"] = presentation.emphasising(
                DeviceText.asks,
                ["client": client?.shownName(presentation) ?? request.clientID, "user": login.user.shownName])
            content["action"] = AuthorizationServerEndpoint.device.path
            content["interaction"] = interaction.id
            content["shown"] = share.granted.joined(separator: " ")
            content["token"] = FormGuard.token(browser, purpose: Self.purpose(interaction, share.granted))
            if share.isNothing {
                content["asks"] = presentation.emphasising(
                    ConsentText.asksInVain,
                    ["client": client?.shownName(presentation) ?? request.clientID, "user": login.user.shownName])
                return context.page(
                    .mayNot, title: presentation[ConsentText.mayNotTitle], content, presentation
                ).response
            }
            return context.page(
                .deviceConfirmation, title: presentation[DeviceText.confirmationTitle], content, presentation
            ).response
        case .unknown: return entry(code: "", problem: .unknownCode, status: 400, call)
        case .tooMany: return entry(code: "", problem: .tooManyAttempts, status: 429, call)
        case .unavailable: return ErrorPage.unavailable(call)
        }
    }

    // MARK: Sent

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        if let id = parameters.value("interaction") { return try await decide(id, parameters, call) }
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.entryPurpose)
        else { return ErrorPage.expired(call) }
        let typed = parameters.value("user_code") ?? ""
        let login = try await context.sessions.login(of: call.request, now: call.now)
        switch await verification.find(
            typed, address: call.request.clientAddress, userID: login?.user.id, now: call.now)
        {
        case .found(let request):
            return try await begin(request, code: UserCode.normalised(typed) ?? "", browser, login?.session, call)
        case .unknown: return entry(code: String(typed.prefix(32)), problem: .unknownCode, status: 400, call)
        case .tooMany: return entry(code: String(typed.prefix(32)), problem: .tooManyAttempts, status: 429, call)
        case .unavailable: return ErrorPage.unavailable(call)
        }
    }

    private func begin(
        _ request: DeviceRequest, code: String, _ browser: BrowserCookie, _ session: UserSession?, _ call: EndpointCall
    ) async throws -> ServiceResponse {
        let interaction = Interaction(
            id: RandomText.interaction.make(call.random), clientID: request.clientID, browserKey: browser.key,
            subject: .device(userCode: code, user: nil), expiresAt: call.now + Self.interactionSeconds,
            sender: call.sender)
        guard try await context.store.commit(context.pending.insertion(of: interaction.record), now: call.now) else {
            return ErrorPage.unavailable(call)
        }
        return session == nil ? Self.login(interaction) : .seeOther(interaction.continuation)
    }

    private func decide(_ id: String, _ parameters: RequestParameters, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        guard let (interaction, browser) = try await context.interaction(id, call), let code = interaction.userCode,
            let decision = Decision(parameters)
        else { return ErrorPage.expired(call) }
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            return Self.login(interaction)
        }
        let found = await verification.find(
            code, address: call.request.clientAddress, userID: login.user.id, now: call.now)
        guard case .found(let request) = found else { return entry(code: "", problem: .unknownCode, status: 400, call) }
        let client = try await context.store.client(id: request.clientID)
        if let weak = weak(login, client, interaction, call) { return weak }
        let share = access.share(request.scopes, of: login.user)
        let shown = ShownScopes(parameters)
        guard
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser,
                purpose: Self.purpose(interaction, shown.scopes))
        else { return ErrorPage.expired(call) }
        if decision == .allow, !shown.cover(share) { return .seeOther(interaction.continuation) }
        let answer = share.isNothing ? .deny : decision
        let isDone =
            switch answer {
            case .allow:
                try await verification.approve(
                    request,
                    DeviceRequest.Approval(
                        userID: login.user.id, authentication: login.session.authentication, scopes: share.granted),
                    if: [login.user.unchanged], now: call.now)
            case .deny: try await verification.deny(request, now: call.now)
            }
        guard isDone else { return entry(code: "", problem: .unknownCode, status: 400, call) }
        _ = try await context.store.commit(
            [.remove(.interaction, key: RandomText.interaction.key(of: interaction.id))], now: call.now)
        var response =
            switch answer {
            case .allow:
                context.message(200, title: DeviceText.allowedTitle, DeviceText.allowed, call.presentation())
            case .deny:
                context.message(200, title: DeviceText.deniedTitle, DeviceText.denied, call.presentation())
            }
        response.facts.client = request.clientID
        response.facts.subject = login.user.id
        response.facts.event =
            share.isNothing ? ServiceFacts.userMayNot : answer == .allow ? "device_approved" : "device_denied"
        response.facts.scopesLeftOut = share.leftOut
        return response
    }

    /// The log-in does not reach what this client, or a group of the user's, demands: to the log-in page, once. nil: it does.
    private func weak(
        _ login: (session: UserSession, user: StoredUser), _ client: RegisteredClient?, _ interaction: Interaction,
        _ call: EndpointCall
    ) -> ServiceResponse? {
        let least = access.leastLevel(of: login.user, for: client)
        guard !login.session.authentication.reaches(least) else { return nil }
        guard interaction.user != nil else { return Self.login(interaction) }
        var response = context.message(
            403, title: FactorText.missingTitle, FactorText.missing, call.presentation())
        response.facts.error = Interaction.LogInRefusal.unmet.rawValue
        response.facts.event = "second_factor_missing"
        response.facts.subject = login.user.id
        response.facts.client = interaction.client
        return response
    }

    private static func login(_ interaction: Interaction) -> ServiceResponse {
        .seeOther(AuthorizationServerEndpoint.login.path + "?interaction=" + interaction.id)
    }

    private static let entryPurpose = "user code"
    /// With what the page shows.
    private static func purpose(_ interaction: Interaction, _ shown: [String]) -> String {
        "device " + interaction.id + " " + shown.joined(separator: " ")
    }
}

extension Interaction {
    /// Of an interaction that the device page began.
    var userCode: String? {
        if case .device(let code, _) = subject { code } else { nil }
    }
}
