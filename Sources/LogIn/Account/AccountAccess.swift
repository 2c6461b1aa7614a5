import AuthorizationRecords
import HTTP
import Policy

/// What all pages about the user's own account need: the log-in before them, and what is theirs.
struct AccountAccess: Sendable {
    let context: PageContext
    let factors: FactorTerms
    /// So long may it take to log in.
    private static let interactionSeconds: Int64 = 1_800

    /// Who may change what others could get in by: a user who has second factors has shown one. A session of before they were
    /// set up, by the password alone, goes on and changes nothing (`FactorsPage` asks the same). nil: to the log-in page.
    func login(_ call: EndpointCall) async throws -> (session: UserSession, user: StoredUser)? {
        guard let login = try await context.sessions.login(of: call.request, now: call.now),
            case let known = try await context.store.factors(of: login.user.id),
            !factors.wants(known, login.session.authentication)
        else { return nil }
        return login
    }

    /// To the log-in page, and from there to the page that was asked for.
    func logIn(for place: Interaction.AccountPlace, _ call: EndpointCall) async throws -> ServiceResponse {
        let (browser, field) = browser(call)
        let interaction = Interaction(
            id: RandomText.interaction.make(call.random), clientID: Interaction.noClient, browserKey: browser.key,
            subject: .account(place, user: nil), expiresAt: call.now + Self.interactionSeconds, sender: call.sender)
        guard try await context.store.commit(context.pending.insertion(of: interaction.record), now: call.now) else {
            return ErrorPage.unavailable(call)
        }
        return .seeOther(
            AuthorizationServerEndpoint.login.path + "?interaction=" + interaction.id,
            fields: [field].compactMap { $0 })
    }

    /// By what forms are bound to this browser; a new one is sent with the page.
    func browser(_ call: EndpointCall) -> (BrowserCookie, ServiceResponse.Field?) {
        if let known = BrowserCookie(call.request) { return (known, nil) }
        let new = BrowserCookie(call.random)
        return (new, new.field)
    }

    /// Those that have not ended. Damaged ones let nobody in, and are left out.
    func sessions(of user: StoredUser, now: Int64) async throws -> [UserSession] {
        try await context.store.all(RecordQuery(.session, subject: user.id)) { $0 }.values
            .filter { !$0.isExpired(at: now) }.compactMap(UserSession.init).filter { now < $0.endsAt }
    }

    func grants(of user: StoredUser, now: Int64) async throws -> [Grant] {
        try await context.store.all(RecordQuery(.grant, subject: user.id)) { $0 }.values
            .filter { !$0.isExpired(at: now) }.compactMap(Grant.init)
    }
}
