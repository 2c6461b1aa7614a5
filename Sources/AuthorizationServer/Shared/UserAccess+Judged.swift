import AuthorizationRecords
import HTTP
import LogIn

extension UserAccess {
    /// What of these scopes goes into a token. Throws if the user may not be granted any of them.
    /// - Parameter user: nil: nobody's but the client's.
    func judged(_ scopes: [String], of user: StoredUser?) throws(OAuthError) -> Share {
        guard let user else { return Share(granted: scopes, leftOut: []) }
        let share = share(scopes, of: user)
        if share.isNothing { throw .userMayNot }
        return share
    }
}

extension OAuthError {
    /// RFC 6749 §5.2: it exceeds what the user can grant, today.
    static let userMayNot = OAuthError(
        "invalid_scope", "the user may not be granted any of this", event: ServiceFacts.userMayNot)
    /// The same at the authorization endpoint (§4.1.2.1).
    static let userMayNotGrant = OAuthError(
        "access_denied", "the user may not be granted any of this", event: ServiceFacts.userMayNot)

    static var userAccess: [OAuthError] { [userMayNot, userMayNotGrant] }
}
