import AuthorizationRecords
import HTTP
import JSON
import Policy
import Texts

/// `/oauth2/account`: who the user is here, where the user is logged in, and which applications have access; and what the
/// user ends or changes of it.
struct AccountPage: PageEndpoint {
    let context: PageContext
    let access: AccountAccess
    let asked: AskedFor
    /// Whether users have passwords here.
    let passwords: Bool
    /// Whether users change their address here.
    let changesEmail: Bool
    /// Of the page about second factors; nil: there is none.
    let factorsPath: String?
    /// How many of a list are shown.
    private static let shownMax = 50

    // MARK: Shown

    func show(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            return try await access.logIn(for: .overview, call)
        }
        let done = parameters.value("done").flatMap(AccountNotice.init)
        return try await page(login.session, login.user, done: done, problem: nil, status: 200, call)
    }

    private func page(
        _ session: UserSession, _ user: StoredUser, done: AccountNotice?, problem: AccountText?, status: Int,
        _ call: EndpointCall
    ) async throws -> ServiceResponse {
        let presentation = call.presentation()
        let (browser, field) = access.browser(call)
        var content: [String: Any?] = [
            "notice": done.map { presentation[$0.text] }, "problem": problem.map { presentation[$0] },
            "user": presentation.emphasising(AccountText.user, ["user": user.name]),
            "displayName": user.displayName ?? "", "email": user.email,
            "isEmailVerified": user.email != nil && user.isEmailVerified,
            "isEmailUnverified": user.email != nil && !user.isEmailVerified,
            "action": AuthorizationServerEndpoint.account.path,
            "token": FormGuard.token(browser, purpose: Self.purpose),
            "passwordPath": passwords && user.passwordHash != nil
                ? AuthorizationServerEndpoint.accountPassword.path : nil,
            "emailPath": changesEmail ? AuthorizationServerEndpoint.accountEmail.path : nil,
            "factorsPath": factorsPath, "logoutPath": AuthorizationServerEndpoint.logout.path,
        ]
        for (name, value) in try await sessions(of: user, besides: session, presentation, call) {
            content[name] = value
        }
        for (name, value) in try await applications(of: user, presentation, call) { content[name] = value }
        var page = context.page(
            .account, title: presentation[AccountText.title], content, presentation, status: status)
        page.fields = [field].compactMap { $0 }
        return page.response
    }

    private func sessions(
        of user: StoredUser, besides own: UserSession, _ presentation: Presentation, _ call: EndpointCall
    ) async throws -> [String: Any] {
        var all = try await access.sessions(of: user, now: call.now)
        all.sort { ($0.sid == own.sid ? 1 : 0, $0.lastUsedAt ?? 0) > ($1.sid == own.sid ? 1 : 0, $1.lastUsedAt ?? 0) }
        let shown = all.prefix(Self.shownMax).map { session -> [String: Any] in
            var line: [String: Any] = [
                "place": Self.place(session, presentation), "isThis": session.sid == own.sid, "sid": session.sid,
            ]
            line["address"] = session.address
            if let since = session.createdAt {
                line["since"] = presentation.text(AccountText.since, ["time": AccountTime.text(since)])
            }
            if session.sid != own.sid, let used = session.lastUsedAt {
                line["used"] = presentation.text(AccountText.lastUsed, ["time": AccountTime.text(used)])
            }
            return line
        }
        var content: [String: Any] = ["sessions": shown]
        if all.count > shown.count {
            content["moreSessions"] = presentation.text(AccountText.andOthers, ["count": "\(all.count - shown.count)"])
        }
        return content
    }

    private static func place(_ session: UserSession, _ presentation: Presentation) -> String {
        let summary = UserAgentSummary(session.userAgent ?? "")
        switch (summary.browser, summary.system) {
        case (let browser?, let system?):
            return presentation.text(AccountText.browserOnSystem, ["browser": browser, "system": system])
        case (let known?, nil), (nil, let known?): return known
        case (nil, nil): return presentation[AccountText.unknownBrowser]
        }
    }

    private func applications(of user: StoredUser, _ presentation: Presentation, _ call: EndpointCall) async throws
        -> [String: Any]
    {
        let grants = Dictionary(grouping: try await access.grants(of: user, now: call.now), by: \.clientID)
        let newest = grants.sorted { ($0.value.map(\.createdAt).max() ?? 0) > ($1.value.map(\.createdAt).max() ?? 0) }
        var shown: [[String: Any]] = []
        for (id, grants) in newest.prefix(Self.shownMax) {
            let client = try? await context.store.client(id: id)
            var scopes: [String] = []
            for scope in grants.flatMap(\.scopes) where !scopes.contains(scope) { scopes.append(scope) }
            let words = asked.content(scopes: scopes, resources: [], details: nil, presentation)
            let since = grants.map(\.createdAt).min() ?? 0
            shown.append([
                "client": client?.shownName(presentation) ?? id.shownOnPage(), "id": id,
                "isUnknown": client?.openUntil != nil, "isGone": client == nil,
                "scopes": (words["scopes"] ?? nil) ?? [],
                "since": presentation.text(AccountText.since, ["time": AccountTime.text(since)]),
            ])
        }
        var content: [String: Any] = ["applications": shown, "hasApplications": !shown.isEmpty]
        if newest.count > shown.count {
            content["moreApplications"] = presentation.text(
                AccountText.andOthers, ["count": "\(newest.count - shown.count)"])
        }
        return content
    }

    // MARK: Sent

    func take(_ parameters: RequestParameters, _ call: EndpointCall) async throws -> ServiceResponse {
        guard let browser = BrowserCookie(call.request),
            context.forms.accepts(
                call.request, token: parameters.value("form_token"), browser: browser, purpose: Self.purpose)
        else { return ErrorPage.expired(call) }
        guard let login = try await context.sessions.login(of: call.request, now: call.now) else {
            return try await access.logIn(for: .overview, call)
        }
        if let sid = parameters.value("end") { return try await end(sid, login.user, call) }
        if let client = parameters.value("revoke") { return try await revoke(client, login.user, call) }
        if parameters.value("everywhere") != nil {
            return try await signOut(login.user, withApplications: parameters.value("applications") != nil, call)
        }
        guard parameters.value("save") != nil else { return ErrorPage.expired(call) }
        return try await rename(login.session, login.user, parameters.value("display_name") ?? "", call)
    }

    private func rename(_ session: UserSession, _ old: StoredUser, _ text: String, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        let name = text.shownOnPage(UserName.textBytesMax)
        guard DisplayName.fault(text) == nil, DisplayName.fault(name) == nil else {
            return try await page(session, old, done: nil, problem: .badName, status: 400, call)
        }
        var user = old
        user.displayName = name.isEmpty ? nil : name
        guard try await context.store.commit([.replace(user.record)], now: call.now) else {
            return ErrorPage.unavailable(call)
        }
        return Self.done(.saved, event: "account_changed", user)
    }

    private func end(_ sid: String, _ user: StoredUser, _ call: EndpointCall) async throws -> ServiceResponse {
        // One that has ended meanwhile has ended.
        if let session = try await access.sessions(of: user, now: call.now).first(where: { $0.sid == sid }) {
            guard try await SessionEnding(store: context.store).end(session, in: nil, now: call.now) else {
                return ErrorPage.unavailable(call)
            }
        }
        return Self.done(.ended, event: "session_ended", user)
    }

    private func revoke(_ client: String, _ user: StoredUser, _ call: EndpointCall) async throws -> ServiceResponse {
        let grants = try await access.grants(of: user, now: call.now).filter { $0.clientID == client }
        let ends = grants.flatMap { Revoker.changes(ending: .grant($0.id), now: call.now) }
        if !ends.isEmpty, try await !context.store.commit(ends, now: call.now) { return ErrorPage.unavailable(call) }
        var response = Self.done(.revoked, event: "grant_revoked", user)
        response.facts.client = client
        return response
    }

    private func signOut(_ user: StoredUser, withApplications: Bool, _ call: EndpointCall) async throws
        -> ServiceResponse
    {
        let ending = SessionEnding(store: context.store)
        for session in try await access.sessions(of: user, now: call.now) {
            guard try await ending.end(session, in: nil, now: call.now) else { return ErrorPage.unavailable(call) }
        }
        var changes = UserBelongings.removals(of: user.id)
        if withApplications { changes += Revoker.changes(ending: .subject(user.id), now: call.now) }
        guard try await context.store.commit(changes, now: call.now) else { return ErrorPage.unavailable(call) }
        var response = context.message(
            200, title: AccountText.everywhereTitle,
            withApplications ? AccountText.everywhereDoneApplications : AccountText.everywhereDone,
            call.presentation())
        response.fields.append(PageCookie.removal(SessionReader.cookieName))
        response.facts.subject = user.id
        response.facts.event = withApplications ? "signed_out_with_applications" : "signed_out_everywhere"
        if withApplications { response.facts.settling = PasswordChange.overtaking }
        return response
    }

    private static func done(_ notice: AccountNotice, event: String, _ user: StoredUser) -> ServiceResponse {
        var response = ServiceResponse.seeOther(
            AuthorizationServerEndpoint.account.path + "?done=" + notice.rawValue)
        response.facts.event = event
        response.facts.subject = user.id
        return response
    }

    private static let purpose = "account"
}

/// What was done, in the address of the page that says so.
enum AccountNotice: String {
    case saved, ended, revoked, sent

    var text: AccountText {
        switch self {
        case .saved: .saved
        case .ended: .sessionEnded
        case .revoked: .accessRemoved
        case .sent: .emailSent
        }
    }
}
