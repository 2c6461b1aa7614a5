import JSON

/// Sessions have ended otherwise than by themselves. Whoever ends them stores this in the same step, and nothing has to be read
/// for it; a gateway makes a `LogoutNotice` of it for each application that was logged in by them.
package struct EndedSession: Sendable, Equatable {
    /// Which ones.
    package enum Extent: Sendable, Equatable {
        /// One browser's, by `sid`, with those that it followed in that browser.
        case session(String)
        /// All of a user, by `sub`.
        case user(String)
    }

    /// Sessions of one browser that are followed back, at most.
    static let linksMax = 16

    let extent: Extent
    /// Of its record: what was written later began after it.
    let sequence: Int64
    let version: Int64

    /// For `commit`.
    package static func changes(_ extent: Extent) -> [StoreChange] {
        let record =
            switch extent {
            case .session(let sid): StoredRecord(.endedSession, "sid:" + sid, body: ["sid": .string(sid)])
            case .user(let id): StoredRecord(.endedSession, "user:" + id, body: ["user": .string(id)])
            }
        return [.remove(.endedSession, key: record.key), .insert(record)]
    }

    /// For `commit`: a session takes the place of an older one in the same browser. Applications know the older one's `sid`, and
    /// are told when this one ends.
    /// - Parameter expiresAt: seconds since 1970: when no application can be logged in by the older one any more.
    package static func link(from newer: UserSession, toOlderKey older: String, expiresAt: Int64) -> StoreChange {
        .insert(
            StoredRecord(
                .sessionLink, newer.sid, expiresAt: expiresAt, subject: newer.userID,
                body: ["older": .string(UserSession.sid(ofKey: older))]))
    }

    init?(_ record: StoredRecord) {
        guard record.kind == .endedSession else { return nil }
        if let sid = record.body["sid"]?.string {
            extent = .session(sid)
        } else if let user = record.body["user"]?.string {
            extent = .user(user)
        } else {
            return nil
        }
        sequence = record.sequence
        version = record.version
    }

    fileprivate var key: String {
        switch extent {
        case .session(let sid): "sid:" + sid
        case .user(let id): "user:" + id
        }
    }
}

extension AuthorizationStore {
    /// Makes `LogoutNotice`s of what has ended. Several gateways may do it at the same time.
    /// - Parameter now: seconds since 1970.
    package func makeLogoutNotices(now: Int64, random: Randomness) async throws {
        for ended in try await all(RecordQuery(.endedSession), EndedSession.init).values {
            let (clients, links) = try await loggedIn(by: ended.extent)
            var changes: [StoreChange] = [.remove(.endedSession, key: ended.key, version: ended.version)]
            changes += links.map { .remove(.sessionLink, key: $0) }
            let told = clients.filter { $0.sequence < ended.sequence && now < $0.expiresAt }
            for client in told {
                changes.append(.remove(.loggedInClient, key: client.record.key, version: client.version))
                changes += LogoutNotice(client, now: now, random: random).insertion
            }
            if !told.isEmpty {
                let most = LogoutNotice.total
                changes.append(.removeOldest(RecordQuery(.logoutNotice), above: most, keeping: most))
            }
            // Another gateway was faster, or an application has logged in meanwhile: it is there, or not, the next time.
            _ = try await commit(changes, now: now)
        }
    }

    private func loggedIn(by extent: EndedSession.Extent) async throws -> (clients: [LoggedInClient], links: [String]) {
        switch extent {
        case .user(let id): return (try await loggedIn(RecordQuery(.loggedInClient, subject: id)), [])
        case .session(let sid):
            var clients: [LoggedInClient] = []
            var links: [String] = []
            var next: String? = sid
            for _ in 0..<EndedSession.linksMax {
                guard let sid = next else { break }
                clients += try await loggedIn(RecordQuery(.loggedInClient, grant: sid))
                next = try await record(.sessionLink, sid)?.body["older"]?.string
                if next != nil { links.append(sid) }
            }
            return (clients, links)
        }
    }

    private func loggedIn(_ query: RecordQuery) async throws -> [LoggedInClient] {
        try await all(query, LoggedInClient.init).values
    }
}
