import AuthorizationRecords
import HTTP
import JSON

/// What the provider tells of a user besides who it is (OpenID Connect Core §5.1). For users to read, and for
/// applications; nothing is decided by it, and no account is found by it.
struct ProviderProfile: Sendable, Equatable {
    var name: String?
    /// Only one that the provider says it has verified: applications take addresses for more than they are.
    var email: String?
    /// What the user is called there.
    var preferredName: String?
    /// The provider was asked for all of it: what is missing, it does not know.
    var isWhole: Bool
    /// What it says of the address is known, if only that it has not verified it.
    var isEmailKnown: Bool
    /// All that it says: of the ID token, then of the userinfo endpoint.
    private let said: [JSONObject]

    /// A claim, as it came; nil: the provider does not say it, or could not be asked.
    func claim(_ path: [String]) -> JSON? { said.lazy.compactMap { $0.value(at: path) }.first }

    /// - Parameters:
    ///   - claims: of the ID token.
    ///   - more: what its userinfo endpoint says of the same user; nil: it was not asked, or did not answer.
    init(_ claims: JSONObject, more: JSONObject?, isWhole: Bool) {
        func text(_ name: String) -> String? {
            (claims[name] ?? more?[name])?.string.flatMap { $0.isEmpty || !UserName.isPlainText($0) ? nil : $0 }
        }
        // What could be taken for a role here is not shown; that keeps nobody out.
        name = text("name").flatMap { DisplayName.fault($0) == nil ? $0 : nil }
        preferredName = text("preferred_username")
        // The address and what is said of it come from one place.
        let source = claims["email"] == nil ? more : claims
        // Some write it as text.
        let isVerified = source?["email_verified"] == true || source?["email_verified"] == "true"
        email = isVerified ? text("email") : nil
        self.isWhole = isWhole
        said = [claims] + (more.map { [$0] } ?? [])
        isEmailKnown = isWhole || source?["email"] != nil
    }

    /// Whether the ID token alone leaves questions open that `scopes` ask, or that follow from what users may.
    /// - Parameter needed: claims on which something depends.
    static func isMissing(in claims: JSONObject, scopes: [String], needed: some Sequence<[String]>) -> Bool {
        needed.contains { claims.value(at: $0) == nil }
            || scopes.contains(IdentityScope.profile) && (claims["name"] == nil || claims["preferred_username"] == nil)
            || scopes.contains(IdentityScope.email) && claims["email"] == nil
    }

    /// Of an answer of the userinfo endpoint, if it is about the same user (§5.3.2).
    static func members(of reply: OutgoingAnswer?, subject: String) -> JSONObject? {
        guard let reply, reply.status == 200, let members = reply.members,
            members["sub"]?.string?.hasSameOctets(as: subject) == true
        else { return nil }
        return members
    }
}

extension JSONObject {
    /// What a path of names leads to, through objects.
    fileprivate func value(at path: [String]) -> JSON? {
        guard let first = path.first, let value = self[first] else { return nil }
        return path.count == 1 ? value : value.object?.value(at: Array(path.dropFirst()))
    }
}
