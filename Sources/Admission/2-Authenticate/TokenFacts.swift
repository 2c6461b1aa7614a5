package import JSON
import Policy

/// What a verified token says: facts only, nothing about whether that is enough for any route.
package struct TokenFacts: Sendable {
    /// What `routes.yaml` calls the issuer.
    package let issuerName: String
    /// `iss`; of an issuer with aliases its own identifier, with the token's tenant in it where it is a template.
    package let issuer: String
    /// `sub`
    package let subject: String?
    /// `client_id`, or `azp` in tokens that are not `at+jwt`.
    package let clientID: String?
    /// `jti`
    package let tokenID: String?
    /// `scope` as it stands in the token (RFC 9068 §2.2.3), or the issuer's other claim with a space between its
    /// members; empty when absent.
    package internal(set) var scope: String
    /// All claims.
    package internal(set) var claims: JSONObject
    /// `exp`, in seconds since 1970.
    package internal(set) var expires: Int64
    /// SHA-256 of the token, for a keyed hash in records; it is a secret as the token is.
    package let tokenDigest: Digest256
    /// `aud`, as octets: compared exactly. Empty: none that could count.
    var audiences: [[UInt8]]
    var scopes: [[UInt8]]
    /// Which scopes of a route they cover, as the issuer's entry has it.
    let scopeMatch: ScopeMatch
    var notBefore: Int64?
    let issuedAt: Int64?
    var confirmation: Confirmation?

    /// The token was issued to a client for itself: no user is behind it, whatever user has the same name
    /// (RFC 9068 §5, RFC 9700 §4.15).
    package var isClientItself: Bool {
        guard let subject, let clientID else { return false }
        return subject.hasSameOctets(as: clientID)
    }

    /// Reads the claims of a token whose signature holds.
    /// - Parameter type: the token's `typ`, lower-case, without `application/`. An `at+jwt` must have every claim
    ///   that RFC 9068 §2.2 requires; a token of a type that the issuer's entry allows besides only what the gateway
    ///   decides by.
    /// - Parameter unsaid: what counts where `exp` or `aud` is missing; nil: both must be there.
    /// - Throws: `malformed_claims`, `unknown_confirmation`, or `wrong_type` for an ID token or an event in disguise.
    init(
        _ claims: JSONObject, type: String, issuer: Issuer, identifier: String, digest: Digest256, unsaid: Unsaid? = nil
    ) throws(Refusal) {
        let isStrict = type == "at+jwt"
        issuerName = issuer.name
        self.issuer = identifier
        self.claims = claims
        tokenDigest = digest
        subject = try Self.text(claims["sub"], "sub")
        tokenID = try Self.text(claims["jti"], "jti")
        let isNamed = isStrict || claims["client_id"] != nil
        let clientClaim = isNamed ? "client_id" : "azp"
        clientID = try Self.text(claims[clientClaim], clientClaim)
        guard let expires = try Self.date(claims["exp"], "exp", .down) ?? unsaid?.expires else {
            throw Self.malformed("exp", nil, expected: Self.dateExpected)
        }
        self.expires = expires
        notBefore = try Self.date(claims["nbf"], "nbf", .up)
        issuedAt = try Self.date(claims["iat"], "iat", .up)
        audiences = try Self.audiences(claims, issuer, unsaid)
        scope = try Self.scope(claims.value(at: issuer.scopeClaim), issuer)
        scopeMatch = issuer.scopeMatch
        scopes = Self.words(scope)
        confirmation = if let claim = claims["cnf"] { try Confirmation(claim) } else { nil }
        if isStrict {
            let required = [
                ("sub", subject != nil), ("jti", tokenID != nil), ("client_id", clientID != nil),
                ("iat", issuedAt != nil),
            ]
            if let (name, _) = required.first(where: { !$0.1 }) {
                throw Self.malformed(name, nil, expected: "present")
            }
        } else {
            // ID tokens (OpenID Connect Core §3.1.3.6), security events (RFC 8417 §2.2) and answers about tokens
            // (RFC 9701 §5) that call themselves JWT.
            let foreign =
                ["events", "token_introspection"] + (issuer.acceptsIDTokens ? [] : ["at_hash", "c_hash", "s_hash"])
            if let name = foreign.first(where: { claims[$0] != nil }) {
                throw Refusal(.wrongType).noting(Difference(found: "\(name): present", expected: "\(name): absent"))
            }
        }
        if let rule = issuer.claims.firstUnsatisfied(by: claims, path: .none) {
            throw Refusal(.wrongType).noting(rule.difference(from: claims))
        }
    }

    /// What the token is for, by the claim that the issuer's entry names. Where that is not `aud` and the token has one
    /// nevertheless, both must be right: it may be for somebody else.
    private static func audiences(_ claims: JSONObject, _ issuer: Issuer, _ unsaid: Unsaid?) throws(Refusal)
        -> [[UInt8]]
    {
        let named = claims.value(at: issuer.audienceClaim)
        if issuer.audienceClaim != ["aud"], let standard = claims["aud"] {
            let audiences = try Self.audiences(standard, "aud")
            guard issuer.audiences.contains(where: { audiences.contains(Array($0.utf8)) }) else {
                let found = Difference.words(audiences.map { String(decoding: $0, as: UTF8.self) })
                throw Refusal(.wrongAudience).noting(
                    Difference(found: "aud: \(found)", expected: "aud: \(Difference.words(issuer.audiences))"))
            }
        }
        if named == nil, let unsaid { return unsaid.audiences }
        return try Self.audiences(named, issuer.audienceClaim.joined(separator: "."))
    }

    /// What counts where an issuer that was asked about a token leaves something out.
    struct Unsaid {
        var expires: Int64
        var audiences: [[UInt8]]
    }

    /// `auth_time` (OpenID Connect Core §2, RFC 9470 §6): when the user was authenticated; nil when absent or no date.
    var authenticatedAt: Int64? {
        claims["auth_time"].flatMap { (try? Self.date($0, "auth_time", .down)) ?? nil }
    }

    /// Scopes as one text with spaces between them. A member of a list that would be none, or two, is malformed.
    static func scope(_ claim: JSON?, _ issuer: Issuer) throws(Refusal) -> String {
        let form = issuer.scopeForm
        func malformed() -> Refusal {
            let expected =
                switch form {
                case .words: "a text"
                case .list: "a list of texts without spaces"
                case .either: "a text, or a list of texts without spaces"
                }
            return Self.malformed(issuer.scopeClaim.joined(separator: "."), claim, expected: expected)
        }
        switch claim {
        case nil: return ""
        case .string(let text) where form != .list: return text
        case .array(let members) where form != .words:
            var scopes: [String] = []
            for member in members {
                guard let scope = member.string, !scope.isEmpty, !scope.utf8.contains(0x20) else { throw malformed() }
                scopes.append(scope)
            }
            return scopes.joined(separator: " ")
        default: throw malformed()
        }
    }

    /// What stands between spaces.
    private static func words(_ text: String) -> [[UInt8]] {
        let octets = Array(text.utf8)
        var words: [[UInt8]] = []
        var start = 0
        while start < octets.count {
            let end = octets[start...].firstIndex(of: 0x20) ?? octets.count
            if end > start { words.append(Array(octets[start..<end])) }
            start = end + 1
        }
        return words
    }

    static func text(_ claim: JSON?, _ name: String) throws(Refusal) -> String? {
        guard let claim else { return nil }
        guard let text = claim.string, !text.isEmpty else { throw malformed(name, claim, expected: "a text") }
        return text
    }

    private static let dateExpected = "seconds since 1970"

    /// A claim that is not what it has to be in any token, by its name.
    static func malformed(_ name: String, _ claim: JSON?, expected: String) -> Refusal {
        Refusal(.malformedClaims).noting(Difference(claim: name, claim, expected: expected))
    }

    /// A NumericDate (RFC 7519 §2): a JSON number that a date can be, whole or not.
    static func date(_ claim: JSON?, _ name: String, _ rounding: FloatingPointRoundingRule) throws(Refusal) -> Int64? {
        guard let claim else { return nil }
        // Up to 2^53 every second has a number of its own; that is 285 million years.
        let secondsMax: Int64 = 1 << 53
        switch claim {
        case .integer(let seconds) where (-secondsMax...secondsMax).contains(seconds):
            return seconds
        case .number(let seconds):
            let whole = seconds.rounded(rounding)
            guard whole.magnitude <= Double(secondsMax), let value = Int64(exactly: whole) else {
                throw malformed(name, claim, expected: dateExpected)
            }
            return value
        default:
            throw malformed(name, claim, expected: dateExpected)
        }
    }

    /// A string, or an array of at least one, and of nothing else (RFC 7519 §4.1.3).
    static func audiences(_ claim: JSON?, _ name: String) throws(Refusal) -> [[UInt8]] {
        let expected = "a text, or a list of texts"
        switch claim {
        case .string(let text):
            return [Array(text.utf8)]
        case .array(let items) where !items.isEmpty:
            var audiences: [[UInt8]] = []
            for item in items {
                guard let text = item.string else { throw malformed(name, claim, expected: expected) }
                audiences.append(Array(text.utf8))
            }
            return audiences
        default:
            throw malformed(name, claim, expected: expected)
        }
    }
}
