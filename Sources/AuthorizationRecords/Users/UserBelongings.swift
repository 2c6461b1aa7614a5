/// What exists on a user's behalf and ends with a new password, a disabling or a removal, in numbers.
package struct UserBelongings: Sendable, Equatable {
    /// Browsers in which the user is logged in.
    package var sessions = 0
    /// Requests of applications and devices that are under way in a browser.
    package var interactions = 0
    /// Authorization codes that have not been redeemed.
    package var codes = 0
    /// Devices that were let in and have not fetched their tokens.
    package var devices = 0
    /// Links that would set a password.
    package var links = 0
    /// With the refresh tokens and access tokens that came from them.
    package var grants = 0

    package init() {}

    /// With their names, in the order in which they are shown; none that is 0.
    package var counts: [(name: String, count: Int)] {
        [
            ("sessions", sessions), ("interactions", interactions), ("codes", codes), ("devices", devices),
            ("links", links), ("grants", grants),
        ].filter { $0.count > 0 }
    }

    /// Everything but the grants ends, and applications are told of it; for `commit`, together with what gave the reason. Whoever makes one of these says
    /// which version of the account was seen (`StoredUser.unchanged`), so that none can be made of what was before.
    package static func removals(of userID: String) -> [StoreChange] {
        kinds.map { .removeAll(query($0, userID)) } + EndedSession.changes(.user(userID))
    }

    private static let kinds: [RecordKind] = [
        .session, .interaction, .authorizationCode, .deviceCode, .accountLink,
    ]

    /// A code that was redeemed stays, so that its second use is seen for what it is.
    fileprivate static func query(_ kind: RecordKind, _ userID: String) -> RecordQuery {
        var query = RecordQuery(kind, subject: userID)
        query.isWithoutGrant = kind != .grant
        return query
    }
}

extension StoredUser {
    /// For `commit`: the account is as it was when this was read, so that nothing begins on behalf of a user who has been
    /// disabled meanwhile, or by a password that is another by now.
    package var unchanged: StoreChange { .expect(.user, key: id, version: version) }
}

extension AuthorizationStore {
    /// What there is of a user now; damaged records count.
    /// - Parameter now: seconds since 1970.
    package func belongings(ofUser id: String, now: Int64) async throws -> UserBelongings {
        var found = UserBelongings()
        found.sessions = try await count(.session, ofUser: id, now)
        found.interactions = try await count(.interaction, ofUser: id, now)
        found.codes = try await count(.authorizationCode, ofUser: id, now)
        found.devices = try await count(.deviceCode, ofUser: id, now)
        found.links = try await count(.accountLink, ofUser: id, now)
        found.grants = try await count(.grant, ofUser: id, now)
        return found
    }

    private func count(_ kind: RecordKind, ofUser id: String, _ now: Int64) async throws -> Int {
        var count = 0
        var rest: RecordQuery? = UserBelongings.query(kind, id)
        while let query = rest {
            let page = try await page(query, most: Self.recordsMax)
            count += page.rows.count { row in
                switch row {
                case .success(let record): !record.isExpired(at: now)
                case .failure(let damaged): !damaged.isExpired(at: now)
                }
            }
            rest = page.next
        }
        return count
    }
}
