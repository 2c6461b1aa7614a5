/// What must change in the store so that something ends before its time: what is stored of it goes, and a `Revocation`
/// says so to whoever holds access tokens, which are stored nowhere. All of it belongs into one commit, together with
/// what gave the reason.
package enum Revoker {
    /// The longest that an access token can live, whatever `access_token_lifetime` was when it was made (its upper
    /// bound), and the largest `clock_skew` that an issuer can have.
    package static let accessTokenSecondsMax: Int64 = 86_400 + 60

    /// So many seconds longer counts as before: a request that authenticated a moment before the end makes a token a moment
    /// after it, a gateway remembers a client for a fraction of a second, and the clocks of two gateways differ a little.
    package static let overtakingSeconds: Int64 = 2

    /// For `commit`. Ending twice is no error: the later one counts.
    ///
    /// - A token: only that access token.
    /// - A grant: with its refresh tokens and codes.
    /// - A client: everything that it holds, but not the client itself.
    /// - A subject: everything that is about it, and its sessions, but not the account.
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - lastTokenEndsAt: when the last access token that it concerns ends, where that is known.
    ///   - keepsGrants: only access tokens end; what is stored stays, and new ones may come of it.
    package static func changes(
        ending target: Revocation.Target, now: Int64, lastTokenEndsAt: Int64? = nil, keepsGrants: Bool = false
    ) -> [StoreChange] {
        let latest = now &+ accessTokenSecondsMax
        // The whole second counts as before: a token of this very second ends too, rather than living on.
        let revocation = Revocation(
            target, before: now &+ 1 &+ overtakingSeconds,
            expiresAt: min(lastTokenEndsAt.map { $0 &+ 60 } ?? latest, latest))
        return (keepsGrants ? [] : removals(ending: target)) + [
            .remove(.revocation, key: target.key), .insert(revocation.record),
        ]
    }

    private static func removals(ending target: Revocation.Target) -> [StoreChange] {
        switch target {
        case .token: []
        case .grant(let id): [.remove(.grant, key: id)] + issued.map { .removeAll(RecordQuery($0, grant: id)) }
        case .client(let id): ([.grant] + issued + underWay).map { .removeAll(RecordQuery($0, client: id)) }
        case .subject(let id):
            ([.grant, .session] + issued + underWay).map { .removeAll(RecordQuery($0, subject: id)) }
        }
    }

    /// What comes from a grant.
    private static let issued: [RecordKind] = [.authorizationCode, .refreshToken, .deviceCode]
    /// What may yet become one.
    private static let underWay: [RecordKind] = [.pushedRequest, .interaction, .userCode, .accountLink]
}
