import AuthorizationRecords
import HTTP

/// The one step by which somebody is logged in, however they showed who they are.
struct SessionStart: Sendable {
    let sessions: SessionReader
    /// How long a session lasts at most.
    let sessionSeconds: Int64

    /// A session with a secret of its own, whatever the browser sent before (session fixation); an older one of this
    /// browser ends, and the interaction knows who it is. Whoever commits the changes sends the cookie.
    /// - Parameter writtenAnew: what is the user's is removed in the same step before, the interaction too.
    func session(
        of user: StoredUser, _ authentication: UserAuthentication, _ interaction: Interaction,
        writtenAnew: Bool = false, _ call: EndpointCall
    ) -> (changes: [StoreChange], cookie: ServiceResponse.Field) {
        let secret = RandomText.session.make(call.random)
        let endsAt = call.now + sessionSeconds
        var session = UserSession(
            key: RandomText.session.key(of: secret), userID: user.id, authentication: authentication,
            expiresAt: min(endsAt, call.now + sessions.idleSeconds), endsAt: endsAt)
        session.begin(
            at: call.now, userAgent: call.request.values("user-agent").first, address: call.request.clientAddress)
        var next = interaction
        next.logIn(AuthenticatedUser(id: user.id, authentication))
        var record = next.record
        if writtenAnew { record.version = 0 }
        var changes: [StoreChange] = [.insert(session.record), writtenAnew ? .insert(record) : .replace(record)]
        if let older = call.request.cookie(SessionReader.cookieName), RandomText.session.isWellFormed(older) {
            let key = RandomText.session.key(of: older)
            changes.append(.remove(.session, key: key))
            // In this browser the user goes on, at most under another name: applications hear of it when this session ends.
            changes.append(
                EndedSession.link(
                    from: session, toOlderKey: key, expiresAt: endsAt + LoggedInClient.secondsMax))
            changes.append(UserShare.afterLink(user.id))
        }
        changes += UserShare.afterLogIn(user.id)
        return (changes, PageCookie.field(SessionReader.cookieName, secret))
    }
}
