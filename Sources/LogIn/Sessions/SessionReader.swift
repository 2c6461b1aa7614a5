package import AuthorizationRecords
package import HTTP
import Policy

/// Who is logged in in the browser that sends a request.
package struct SessionReader: Sendable {
    static let cookieName = AuthorizationServerCookie.session.name
    /// A session that is used goes on; its record is written again at most so often.
    static let renewalSeconds: Int64 = 300

    let store: any AuthorizationStore
    /// How long a session lasts without being used.
    let idleSeconds: Int64

    init(store: any AuthorizationStore, idleSeconds: Int64 = 7_200) {
        self.store = store
        self.idleSeconds = idleSeconds
    }

    /// The session that the cookie stands for; nil: nobody is logged in, or the account is gone or disabled. Throws
    /// when the store cannot say.
    /// - Parameter now: seconds since 1970.
    package func session(of request: ServiceRequest, now: Int64) async throws -> UserSession? {
        try await login(of: request, now: now)?.session
    }

    /// The session with its account.
    package func login(of request: ServiceRequest, now: Int64) async throws -> (session: UserSession, user: StoredUser)?
    {
        guard let secret = request.cookie(Self.cookieName), RandomText.session.isWellFormed(secret),
            let record = try await store.record(.session, RandomText.session.key(of: secret)),
            !record.isExpired(at: now),
            let session = UserSession(record), now < session.endsAt,
            let user = try await store.user(id: session.userID), !user.isDisabled
        else { return nil }
        return (try await renewed(session, now: now), user)
    }

    /// Used again, it is idle from now on. That another request has written it meanwhile is as good.
    private func renewed(_ session: UserSession, now: Int64) async throws -> UserSession {
        let expiresAt = min(session.endsAt, now + idleSeconds)
        guard expiresAt - session.expiresAt >= Self.renewalSeconds else { return session }
        var renewed = session
        renewed.expiresAt = expiresAt
        renewed.lastUsedAt = now
        guard try await store.commit([.replace(renewed.record)], now: now) else { return session }
        renewed.version += 1
        return renewed
    }
}
