/// How much one user can have stored, so that nobody fills the store by logging in for ever, be it a script that means no
/// harm. What was written longest ago makes room: a session is written when it is used, a grant when it is made.
///
/// All of it is counted in the index of whose it is. What one log-in with a password costs anyway is many times as much;
/// grants and refresh tokens, which come without one, are counted at one of eight, chosen by what is random in their names,
/// so that nobody chooses.
package enum UserShare {
    /// Browsers in which one user is logged in.
    package static let sessions = 100
    /// Pages under way of one user, and codes of devices that were let in.
    package static let underWay = 100
    /// Sessions that took the place of older ones in their browsers, of one user.
    package static let sessionLinks = 1_000
    /// Of one user at one application.
    package static let grantsPerClient = 100
    /// Of one user at all applications together.
    package static let grants = 1_000
    /// Grants that end at one time, at most, so that there is room for another.
    package static let endedAtOnce = 64
    /// Refresh tokens of one grant, those that were replaced among them. None is forgotten while others count: whoever stole
    /// one would refresh until its reuse is no reuse any more. The bound ends them all, and the user logs in again.
    package static let refreshTokensPerGrant = 20_000

    /// For `commit`, behind what a log-in writes.
    package static func afterLogIn(_ userID: String) -> [StoreChange] {
        [
            bound(RecordQuery(.session, subject: userID), sessions),
            bound(RecordQuery(.interaction, subject: userID), underWay),
        ]
    }

    /// For `commit`, behind what links a session to an older one.
    package static func afterLink(_ userID: String) -> StoreChange {
        bound(RecordQuery(.sessionLink, subject: userID), sessionLinks)
    }

    /// For `commit`, behind a device that was let in.
    package static func afterApproval(_ userID: String) -> StoreChange {
        bound(RecordQuery(.deviceCode, subject: userID), underWay)
    }

    /// For `commit`, behind a refresh token that took the place of another.
    /// - Parameter key: of its record.
    package static func afterRotation(key: String, grantID: String) -> [StoreChange] {
        guard isCounted(key) else { return [] }
        return [.removeOldest(RecordQuery(.refreshToken, grant: grantID), above: refreshTokensPerGrant, keeping: 0)]
    }

    private static func bound(_ query: RecordQuery, _ most: Int) -> StoreChange {
        .removeOldest(query, above: most, keeping: most)
    }

    /// Of base64url one letter in eight.
    package static func isCounted(_ name: String) -> Bool { name.utf8.first.map { $0 & 7 == 0 } ?? true }

    /// Two letters: looking through all that a user has is dear.
    package static func isCountedInAll(_ name: String) -> Bool { name.utf8.prefix(2).allSatisfy { $0 & 7 == 0 } }
}
