/// `scope` in its text form (RFC 6749 §3.3).
package enum ScopeText {
    /// RFC 6749 §3.3 `scope-token`, of a bounded length.
    package static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
    }

    /// The tokens between single spaces; nil when it is not well-formed.
    package static func tokens(_ text: String) -> [String]? {
        let tokens = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return tokens.allSatisfy(isToken) ? distinct(tokens) : nil
    }

    /// Each once, in their order.
    package static func distinct(_ tokens: [String]) -> [String] {
        var seen: Set<String> = []
        return tokens.filter { seen.insert($0).inserted }
    }
}

/// Scopes that are about the user, or about the grant, and not about a service (OpenID Connect Core §5.4, §11).
package enum IdentityScope {
    /// The client wants an ID token.
    package static let openID = "openid"
    /// `name` and `preferred_username`.
    package static let profile = "profile"
    /// `email` and `email_verified`.
    package static let email = "email"
    /// Means nothing to any resource.
    package static let offline = "offline_access"
    /// In the order in which metadata lists them.
    package static let all = [openID, profile, email, offline]
}
