package import AuthorizationRecords
import JSON

/// What ends with a session when somebody logs out of a browser: the session, what it had begun in this browser, its codes
/// that have not been redeemed, and its OpenID grants without `offline_access` (OpenID Connect Back-Channel Logout §2.7).
/// The applications that were logged in by it are told (§2.5), by a gateway that finds an `EndedSession`.
///
/// What stays: grants with `offline_access`, which is asked for exactly so that they do; grants without `openid`, since
/// OAuth knows of no session; devices that were let in, which are not this browser.
package struct SessionEnding: Sendable {
    /// Of changes that meet others.
    private static let attemptsMax = 8
    private let store: any AuthorizationStore

    /// On the store that holds the session.
    package init(store: any AuthorizationStore) { self.store = store }

    /// The same in whichever browser of the user it is.
    package func end(_ session: UserSession, now: Int64) async throws -> Bool {
        try await end(session, in: nil, now: now)
    }

    /// - Parameter browser: that it is in; nil: another one, so that whatever is under way in any browser of the user ends.
    /// - Returns: false: others wrote again and again; the session has ended, but perhaps not what came of it.
    func end(_ session: UserSession, in browser: BrowserCookie?, now: Int64) async throws -> Bool {
        // First of all: from now on it begins nothing, since whoever makes a code says that it is still there.
        guard
            try await store.commit(
                [.remove(.session, key: session.key)] + EndedSession.changes(.session(session.sid)), now: now)
        else { return false }
        for _ in 0..<Self.attemptsMax {
            // A code that is redeemed meanwhile is another by now, and its grant is found the next time.
            if try await store.commit(changes(session, browser, now), now: now) { return true }
        }
        return false
    }

    private func changes(_ session: UserSession, _ browser: BrowserCookie?, _ now: Int64) async throws -> [StoreChange]
    {
        let interactions = try await records(.interaction, session).filter {
            browser == nil || $0.body["browser"]?.string == browser?.key
        }
        let codes = try await records(.authorizationCode, session).filter {
            $0.grant == nil && $0.body["sid"]?.string == session.sid
        }
        let grants = try await records(.grant, session).compactMap(Grant.init).filter {
            $0.sessionID == session.sid && $0.scopes.contains(IdentityScope.openID)
                && !$0.scopes.contains(IdentityScope.offline)
        }
        return interactions.map { .remove(.interaction, key: $0.key) }
            + codes.map { .remove(.authorizationCode, key: $0.key, version: $0.version) }
            // Once more: an application whose code was redeemed meanwhile is told, too.
            + EndedSession.changes(.session(session.sid))
            + grants.flatMap { Revoker.changes(ending: .grant($0.id), now: now) }
    }

    /// Damaged ones lead to nothing, as they are.
    private func records(_ kind: RecordKind, _ session: UserSession) async throws -> [StoredRecord] {
        try await store.all(RecordQuery(kind, subject: session.userID)) { $0 }.values
    }
}
