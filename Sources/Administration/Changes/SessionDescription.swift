package import AuthorizationRecords
import AuthorizationServer
package import JSON
import LogIn

/// A session in a browser as operators see it: whose it is, since when, from where, and which applications came of it.
/// There is nothing in it that lets anybody in.
package struct SessionDescription: Sendable {
    /// The session itself.
    package let session: UserSession
    /// The name that the user logs in with; nil: the account is gone.
    package let userName: String?
    /// Clients that hold a grant of it, or are logged in by it, in the order of their ids.
    package let applications: [String]

    /// `sid` of ID tokens: names it in commands and addresses.
    package var id: String { session.sid }

    /// What browser it says it is, on which system, for people; nil: nothing that is known.
    package var device: String? {
        let summary = UserAgentSummary(session.userAgent ?? "")
        let known = [summary.browser, summary.system].compactMap { $0 }
        return known.isEmpty ? nil : known.joined(separator: " on ")
    }

    /// Times in seconds since 1970.
    package var document: JSONObject {
        var document: JSONObject = ["id": .string(id), "user_id": .string(session.userID)]
        document["user"] = userName.map { .string($0) }
        document["created_at"] = session.createdAt.map { .integer($0) }
        document["last_used_at"] = session.lastUsedAt.map { .integer($0) }
        document["expires_at"] = .integer(session.expiresAt)
        document["ends_at"] = .integer(session.endsAt)
        for (name, value) in session.authentication.json.object?.members ?? [] { document[name] = value }
        document["address"] = session.address.map { .string($0) }
        document["device"] = device.map { .string($0) }
        document["user_agent"] = session.userAgent.map { .string($0) }
        document["applications"] = .strings(applications)
        return document
    }
}

extension UserSession {
    /// Whether anybody is still logged in by it.
    /// - Parameter now: seconds since 1970.
    package func isLive(at now: Int64) -> Bool { now < expiresAt && now < endsAt }
}

extension AuthorizationStore {
    /// With what belongs to it. Damaged grants are none.
    /// - Parameter now: seconds since 1970.
    package func describe(_ session: UserSession, now: Int64) async throws -> SessionDescription {
        let grants = try await all(RecordQuery(.grant, subject: session.userID), Grant.init).values
        let loggedIn = try await all(RecordQuery(.loggedInClient, grant: session.sid), LoggedInClient.init).values
        let clients =
            grants.filter { now < $0.expiresAt && $0.sessionID == session.sid }.map(\.clientID)
            + loggedIn.filter { now < $0.expiresAt }.map(\.clientID)
        return SessionDescription(
            session: session, userName: try await user(id: session.userID)?.name,
            applications: Set(clients).sorted())
    }

    /// `sid`s of the sessions of which a client has something.
    package func sessions(ofClient id: String, now: Int64) async throws -> Set<String> {
        let grants = try await all(RecordQuery(.grant, client: id), Grant.init).values
        let loggedIn = try await all(RecordQuery(.loggedInClient, client: id), LoggedInClient.init).values
        return Set(
            grants.filter { now < $0.expiresAt }.compactMap(\.sessionID)
                + loggedIn.filter { now < $0.expiresAt }.map(\.sessionID))
    }

    /// The live one of this `sid`; nil: there is none. Sessions are found by the secret that the browser has, so all are looked
    /// through.
    package func session(sid: String, now: Int64) async throws -> UserSession? {
        var rest: RecordQuery? = RecordQuery(.session)
        while let query = rest {
            let page = try await page(query, most: Self.recordsMax)
            for case .success(let record) in page.rows {
                if let session = UserSession(record), session.sid == sid, session.isLive(at: now) { return session }
            }
            rest = page.next
        }
        return nil
    }
}
