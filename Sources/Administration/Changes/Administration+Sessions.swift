package import AuthorizationRecords
import AuthorizationServer
import JSON
import LogIn

extension Administration {
    /// Logs a user out of one browser: the session ends, what is under way in it, its codes, and its OpenID grants without
    /// `offline_access`; applications are told (OpenID Connect Back-Channel Logout §2.7).
    /// - Parameter sid: of ID tokens.
    package func endSession(_ sid: String, expected: Int64? = nil, now: Int64) async throws -> ManagedChange {
        guard let session = try await store.session(sid: sid, now: now) else { throw ManagementError.notFound }
        try Self.check(session.version, expected)
        let before = try await store.describe(session, now: now).document
        guard try await SessionEnding(store: store).end(session, now: now) else {
            throw ManagementError.changedMeanwhile
        }
        return ManagedChange(.sessionEnded, sid, before: before, after: nil)
    }

    /// Logs a user out everywhere: all sessions with what came of them, and what else is under way on the user's behalf.
    /// - Parameter endsGrants: applications lose what they were given to use without the user, too.
    /// - Returns: what ended.
    package func endSessions(ofUser id: String, endsGrants: Bool = false, expected: Int64? = nil, now: Int64)
        async throws -> Done<StoredUser>
    {
        guard let user = try await store.user(id: id) else { throw ManagementError.notFound }
        try Self.check(user.version, expected)
        var ended = try await store.belongings(ofUser: id, now: now)
        let ending = SessionEnding(store: store)
        for session in try await store.all(RecordQuery(.session, subject: id), UserSession.init).values {
            guard try await ending.end(session, now: now) else { throw ManagementError.changedMeanwhile }
        }
        // What else began meanwhile, and what cannot be read.
        let changes = UserBelongings.removals(of: id)
        if endsGrants {
            try await commit(changes, ending: .subject(id), now: now)
        } else {
            try await commit(changes, now: now)
        }
        ended.grants -= try await store.belongings(ofUser: id, now: now).grants
        var after = user.managementDocument
        after["ended"] = ended.document
        var made = ManagedChange(.sessionsEnded, id, before: user.managementDocument, after: after)
        // What is granted next must not end with what was granted before.
        if endsGrants { made.settling = ManagedChange.overtaking }
        return Done(change: made, value: user, secret: nil, ended: ended)
    }
}
