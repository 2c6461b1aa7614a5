extension AuthorizationStore {
    /// nil: there is no such client. Throws `DamagedRecord` where the record cannot be read.
    package func client(id: String) async throws -> RegisteredClient? {
        try await value(.client, id, RegisteredClient.init)
    }

    /// In the order of their ids.
    package func clients() async throws -> RecordList<RegisteredClient> {
        try await all(RecordQuery(.client), RegisteredClient.init)
    }

    /// False: the id is taken, and nothing was changed.
    package func insert(_ client: RegisteredClient, now: Int64) async throws -> Bool {
        try await commit([.insert(client.record)], now: now)
    }

    /// False: it is another by now, or gone.
    package func replace(_ client: RegisteredClient, now: Int64) async throws -> Bool {
        try await commit([.replace(client.record)], now: now)
    }

    /// With everything that belongs to it; its access tokens count no longer. False: it is another by now, or gone.
    /// - Parameter clock: see `commit`.
    package func remove(_ client: RegisteredClient, now: Int64, clock: () -> Int64) async throws -> Bool {
        let belongings = RecordKind.allCases.filter { ![.client, .revocation].contains($0) }
        return try await commit(
            [.remove(.client, key: client.id, version: client.version)]
                + belongings.map { .removeAll(RecordQuery($0, client: client.id)) }, ending: .client(client.id),
            now: now, clock: clock)
    }

    /// Makes changes together with the end of what they take away (`Revoker`). What sees the store as it was began before
    /// the commit was over, so a commit that takes long moves the end.
    /// - Parameter clock: seconds since 1970, asked again when it is over.
    package func commit(
        _ changes: [StoreChange], ending target: Revocation.Target, keepingGrants: Bool = false, now: Int64,
        clock: () -> Int64
    ) async throws -> Bool {
        func ends(_ time: Int64) -> [StoreChange] {
            Revoker.changes(ending: target, now: time, keepsGrants: keepingGrants)
        }
        guard try await commit(changes + ends(now), now: now) else { return false }
        let over = clock()
        return over > now ? try await commit(ends(over), now: over) : true
    }
}
