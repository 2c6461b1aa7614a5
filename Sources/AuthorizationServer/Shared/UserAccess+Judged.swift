import AuthorizationRecords
import HTTP
import JSON
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

extension UserAccess {
    /// What a token says of its user. Throws if it would be too much: less would be another statement.
    /// - Parameter user: nil: it is about a client.
    func tokenClaims(of user: StoredUser?, for target: ClaimTarget) throws(OAuthError) -> JSONObject {
        guard let user else { return [:] }
        guard let claims = claims(of: user, for: target) else { throw .tooManyClaims }
        return claims
    }
}

extension OAuthError {
    /// RFC 6749 §5.2: it exceeds what the user can grant, today.
    static let userMayNot = OAuthError(
        "invalid_scope", "the user may not be granted any of this", event: ServiceFacts.userMayNot)
    /// The same at the authorization endpoint (§4.1.2.1).
    static let userMayNotGrant = OAuthError(
        "access_denied", "the user may not be granted any of this", event: ServiceFacts.userMayNot)

    /// A second factor is required since the user has logged in.
    static let authenticationTooWeak = OAuthError(
        "invalid_grant", "the user has to log in anew, with a second factor", event: "second_factor_missing")

    /// An operator has to give the user less to say.
    static let tooManyClaims = OAuthError(
        "invalid_request", "what the token would say of the user is too long", event: "user_claims_too_long")

    static var userAccess: [OAuthError] {
        [userMayNot, userMayNotGrant, authenticationTooWeak, tooManyClaims, tokenTooLong]
    }
}
