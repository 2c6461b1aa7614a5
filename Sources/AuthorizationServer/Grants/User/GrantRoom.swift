import AuthorizationRecords
import LogIn

/// Makes room for a new grant where a user has many: those that were made longest ago end, with their access tokens. What is
/// only removed from the store nobody finds any more who wants to take it away from the application.
struct GrantRoom: Sendable {
    let store: any AuthorizationStore
    /// `access_token_lifetime`: an access token of a grant that ends now lives no longer.
    let tokenSeconds: Int64

    /// For `commit`.
    func insertion(of grant: Grant, now: Int64) async throws(OAuthError) -> [StoreChange] {
        var ending: Set<String> = []
        if UserShare.isCounted(grant.id) {
            let query = RecordQuery(.grant, client: grant.clientID, subject: grant.subject, afterSequence: 0)
            ending.formUnion(try await oldest(query, above: UserShare.grantsPerClient))
        }
        if UserShare.isCountedInAll(grant.id) {
            let query = RecordQuery(.grant, subject: grant.subject, afterSequence: 0)
            ending.formUnion(try await oldest(query, above: UserShare.grants))
        }
        let changes = ending.sorted().flatMap {
            Revoker.changes(ending: .grant($0), now: now, lastTokenEndsAt: now &+ tokenSeconds)
        }
        return changes + [.insert(grant.record)]
    }

    /// Those that would be too many with one more.
    private func oldest(_ query: RecordQuery, above most: Int) async throws(OAuthError) -> [String] {
        let page = try await store.orUnavailable { try await $0.page(query, most: most + UserShare.endedAtOnce) }
        return page.rows.prefix(max(0, page.rows.count + 1 - most)).map { row in
            switch row {
            case .success(let record): record.key
            case .failure(let damaged): damaged.key
            }
        }
    }
}
