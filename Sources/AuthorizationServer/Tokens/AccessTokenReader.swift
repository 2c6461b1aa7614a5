import AuthorizationRecords
import JOSE
import JSON

/// An access token of ours whose signature holds, whose time has come and is not over, and that nobody revoked.
struct OwnAccessToken: Sendable {
    let claims: JSONObject
    let id: String
    let subject: String
    let clientID: String
    let audience: String
    let scopes: [String]
    let issuedAt: Int64
    let expiresAt: Int64
    /// What it comes from; nil: from nothing that is stored.
    let grantID: String?
    let binding: SenderBinding?
    /// The tokens that it was exchanged from, the nearest first; empty: it was exchanged from none.
    let origins: [TokenOrigin]

    /// nil: the claims are not those of our access tokens.
    fileprivate init?(_ claims: JSONObject) {
        guard let id = claims["jti"]?.string, let subject = claims["sub"]?.string,
            let client = claims["client_id"]?.string,
            let audience = claims["aud"]?.string, let issuedAt = claims["iat"]?.int, let expiresAt = claims["exp"]?.int
        else { return nil }
        if let confirmation = claims["cnf"] {
            guard let binding = confirmation.object.flatMap(SenderBinding.init) else { return nil }
            self.binding = binding
        } else {
            binding = nil
        }
        guard let origins = TokenOrigin.all(claims) else { return nil }
        self.origins = origins
        self.claims = claims
        self.id = id
        self.subject = subject
        clientID = client
        self.audience = audience
        scopes = claims["scope"]?.string.map { $0.split(separator: " ").map(String.init) } ?? []
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        grantID = claims["grant_id"]?.string
    }

    /// It, as what another comes from.
    var origin: TokenOrigin {
        TokenOrigin(id: id, clientID: clientID, subject: subject, grantID: grantID, issuedAt: issuedAt)
    }
}

/// Reads tokens that come back to the server that made them. Everything is judged at the time of the call (RFC 7662
/// §4).
struct AccessTokenReader: Sendable {
    /// What a text is.
    enum Finding: Sendable {
        case accessToken(OwnAccessToken)
        /// Ours, but over, or revoked.
        case ended
        /// Ours, but made for something else, such as an ID token (RFC 8725 §3.11).
        case otherToken
        /// Nothing that this server signed.
        case foreign
    }

    let issuer: String
    let keys: SigningKeys
    let store: any AuthorizationStore

    /// The live access token that a text is.
    func accessToken(_ text: String, now: Int64) async throws(OAuthError) -> OwnAccessToken? {
        guard case .accessToken(let token) = try await read(text, now: now) else { return nil }
        return token
    }

    func read(_ text: String, now: Int64) async throws(OAuthError) -> Finding {
        let ring = keys.ring
        guard let jws = try? CompactJWS(Array(text.utf8)),
            let verified = try? jws.verified(by: ring.verificationKeys(now: now), allowing: Algorithm.allCases),
            let named = verified.payload["iss"]?.string, named.utf8.elementsEqual(issuer.utf8)
        else { return .foreign }
        // `typ` without regard to case, with or without the prefix (RFC 9068 §4, RFC 7515 §4.1.9).
        guard ["at+jwt", "application/at+jwt"].contains(jws.header.typ?.lowercased() ?? ""),
            let token = OwnAccessToken(verified.payload)
        else {
            return .otherToken
        }
        guard now < token.expiresAt, Self.hasBegun(verified.payload, now: now) else { return .ended }
        return try await isRevoked(token, now: now) ? .ended : .accessToken(token)
    }

    /// By `iat` and `nbf`, where they are: what is no time has not come.
    static func hasBegun(_ claims: JSONObject, now: Int64) -> Bool {
        [claims["iat"], claims["nbf"]].allSatisfy { claim in
            guard let claim else { return true }
            return claim.numericDate.map { $0 <= now &+ clockSkewSeconds } ?? false
        }
    }

    /// Another node's clock may be ahead.
    private static let clockSkewSeconds: Int64 = 10

    private func isRevoked(_ token: OwnAccessToken, now: Int64) async throws(OAuthError) -> Bool {
        try await store.haveEnded([token.origin] + token.origins)
    }
}

extension AuthorizationStore {
    /// Whether one of these tokens was taken back. Each thing that could end them is looked up once.
    func haveEnded(_ tokens: [TokenOrigin]) async throws(OAuthError) -> Bool {
        var issued: [Revocation.Target: Int64] = [:]
        for token in tokens {
            for target in token.revocationTargets { issued[target] = min(issued[target] ?? .max, token.issuedAt) }
        }
        for (target, issuedAt) in issued {
            let revocation = try await orUnavailable { try await $0.value(.revocation, target.key, Revocation.init) }
            if let revocation, revocation.ends(issuedAt: issuedAt) { return true }
        }
        return false
    }
}

extension Revocation {
    /// Whether it ends what is about its target and was issued then. Ids of tokens and grants are never given twice, so
    /// that their time does not matter.
    func ends(issuedAt: Int64) -> Bool {
        switch target {
        case .token, .grant: true
        case .client, .subject: issuedAt < before
        }
    }
}
