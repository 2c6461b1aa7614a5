import Octets

extension TokenFacts {
    /// `exp`: on or after it a token must not be accepted (RFC 7519 §4.1.4), give or take the clock skew.
    func isExpired(_ unixSeconds: Int64, skew: Int64) -> Bool {
        unixSeconds.saturatingSubtract(skew) >= expires
    }

    /// `exp`, `nbf` (RFC 7519 §4.1.5) and `iat`, each with the same skew.
    func checkTimes(_ unixSeconds: Int64, skew: Int64) throws(Refusal) {
        if isExpired(unixSeconds, skew: skew) { throw Refusal(.expiredToken) }
        let latest = unixSeconds.saturatingAdd(skew)
        if let notBefore, notBefore > latest { throw Refusal(.notYetValid) }
        if let issuedAt, issuedAt > latest { throw Refusal(.issuedInFuture) }
    }
}
