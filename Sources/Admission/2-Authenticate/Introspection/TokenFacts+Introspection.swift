import JSON
import Octets
import Policy

extension TokenFacts {
    /// An answer that does not say until when the token is good counts as long as the answer itself does: this long
    /// from when it was given, and at least so many seconds, so that whoever waited for it is served.
    private static let unsaidSecondsMin: Int64 = 5

    /// What an issuer says of a token, read by the same rules as the claims of a JWT (RFC 7662 §2.2).
    ///
    /// It names no `typ`, so only what the gateway decides by must be there. `token_type`, if it is there, must be that
    /// of an access token: issuers say of refresh tokens too that they are active.
    init(_ verdict: IntrospectionVerdict, of issuer: Issuer) throws(Refusal) {
        let claims = verdict.claims
        try Self.checkType(claims)
        guard let identifier = try Self.identifier(claims, issuer) else {
            // It is active, and another's: nobody vouches for it here.
            throw Refusal(.wrongIssuer).noting(
                Difference(found: Difference.text(claims["iss"]), expected: issuer.identifier))
        }
        let lifetime = max(issuer.introspection?.activeLifetime.components.seconds ?? 0, Self.unsaidSecondsMin)
        let anyAudience = issuer.introspection?.allowsMissingAudience == true
        let unsaid = Unsaid(
            expires: verdict.saidAt.saturatingAdd(lifetime),
            audiences: anyAudience ? issuer.audiences.map { Array($0.utf8) } : [])
        try self.init(
            claims, type: "", issuer: issuer, identifier: identifier, digest: verdict.token, unsaid: unsaid)
        if claims["token_type"]?.string?.lowercased() == "dpop", confirmation?.key == nil {
            throw Refusal(.unknownConfirmation).noting(
                Difference(found: "cnf.jkt: absent", expected: "cnf.jkt: present"))
        }
    }

    /// These facts of a JWT, as far as its issuer says the same when it is asked: the stricter of both counts.
    /// - Throws: `introspection_mismatch` where they cannot both be true; what is malformed in the answer.
    func narrowed(by verdict: IntrospectionVerdict, of issuer: Issuer) throws(Refusal) -> TokenFacts {
        let said = verdict.claims
        try Self.checkType(said)
        if said["iss"] != nil {
            let identifiers = IssuerIdentifiers(issuer)
            guard let name = said["iss"]?.string,
                identifiers.canonical(name, said["tid"] == nil ? claims : said) == self.issuer
            else {
                throw Self.mismatch("iss", said["iss"], .string(self.issuer))
            }
        }
        for (name, mine) in [("sub", subject), ("client_id", clientID), ("jti", tokenID)] {
            guard let mine, let other = try Self.text(said[name], name) else { continue }
            guard mine.hasSameOctets(as: other) else { throw Self.mismatch(name, said[name], .string(mine)) }
        }
        var narrowed = self
        if let expires = try Self.date(said["exp"], "exp", .down) { narrowed.expires = min(narrowed.expires, expires) }
        if let notBefore = try Self.date(said["nbf"], "nbf", .up) {
            narrowed.notBefore = max(narrowed.notBefore ?? notBefore, notBefore)
        }
        if let claim = said.value(at: issuer.audienceClaim) {
            let audiences = try Self.audiences(claim, issuer.audienceClaim.joined(separator: "."))
            narrowed.audiences = narrowed.audiences.filter(audiences.contains)
        }
        if let claim = said.value(at: issuer.scopeClaim) {
            let scopes = try Self.scope(claim, issuer).utf8.split(separator: 0x20).map(Array.init)
            narrowed.scopes = narrowed.scopes.filter(scopes.contains)
            narrowed.scope = narrowed.scopes.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }
        if let claim = said["cnf"] {
            narrowed.confirmation = try Confirmation.both(narrowed.confirmation, try Confirmation(claim))
        }
        try narrowed.narrowAuthentication(by: said)
        return narrowed
    }

    /// Found is what the issuer says when it is asked, expected what it has signed.
    private static func mismatch(_ name: String, _ said: JSON?, _ mine: JSON?) -> Refusal {
        Refusal(.introspectionMismatch).noting(
            Difference(found: "\(name): \(Difference.text(said))", expected: "\(name): \(Difference.text(mine))"))
    }

    /// `acr` must be the same; of two times the earlier counts (RFC 9470 §6).
    private mutating func narrowAuthentication(by said: JSONObject) throws(Refusal) {
        if let mine = claims["acr"], let other = said["acr"], mine != other { throw Self.mismatch("acr", other, mine) }
        guard let mine = claims["auth_time"], let other = said["auth_time"] else { return }
        guard let mine = try Self.date(mine, "auth_time", .down), let other = try Self.date(other, "auth_time", .down)
        else { return }
        if other < mine { claims["auth_time"] = .integer(other) }
    }

    /// RFC 7662 §2.2, RFC 6749 §7.1. `access_token` is what some issuers write there (RFC 8693 §3 has it as a kind of
    /// token).
    private static func checkType(_ claims: JSONObject) throws(Refusal) {
        guard let type = claims["token_type"] else { return }
        guard let name = type.string?.lowercased() else { throw malformed("token_type", type, expected: "a text") }
        guard ["bearer", "dpop", "access_token"].contains(name) else {
            throw Refusal(.wrongType).noting(
                Difference(found: "token_type: \(name)", expected: "token_type: bearer dpop access_token"))
        }
    }

    /// Whose it is: the issuer that was asked, unless the answer names another. nil: it does.
    private static func identifier(_ claims: JSONObject, _ issuer: Issuer) throws(Refusal) -> String? {
        guard let claim = claims["iss"] else { return issuer.tenants.isEmpty ? issuer.identifier : nil }
        guard let name = claim.string else { throw malformed("iss", claim, expected: "a text") }
        return IssuerIdentifiers(issuer).canonical(name, claims)
    }
}

extension Confirmation {
    /// Bound as both say.
    fileprivate static func both(_ one: Confirmation?, _ other: Confirmation) throws(Refusal) -> Confirmation {
        guard var both = one else { return other }
        both.certificate = try same("x5t#S256", both.certificate, other.certificate)
        both.key = try same("jkt", both.key, other.key)
        return both
    }

    private static func same(_ name: String, _ one: Digest256?, _ other: Digest256?) throws(Refusal) -> Digest256? {
        if let one, let other, one != other {
            throw Refusal(.introspectionMismatch).noting(
                Difference(
                    found: "cnf.\(name): \(Base64URL.encode(other.octets))",
                    expected: "cnf.\(name): \(Base64URL.encode(one.octets))"))
        }
        return one ?? other
    }
}
