package import AuthorizationRecords
import JOSE
import JSON

/// ID tokens of ours that clients send back to say about whom they ask (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).
package struct IDTokenHints: Sendable {
    /// What such a token says.
    package struct Hint: Sendable, Equatable {
        /// `sub`: the user.
        package let subject: String
        /// `aud`: the client that it was issued to.
        package let clientID: String
    }

    let issuer: String
    let keys: SigningKeys

    package init(issuer: String, keys: SigningKeys) {
        self.issuer = issuer
        self.keys = keys
    }

    /// nil: none of our published keys has signed it, or it is no ID token. That it has expired does not matter: it shows
    /// whom the client knows, and opens nothing.
    /// - Parameter now: seconds since 1970.
    package func hint(_ text: String, now: Int64) -> Hint? {
        guard let jws = try? CompactJWS(Array(text.utf8)), jws.header.typ?.lowercased() == "jwt",
            let claims = try? jws.verified(by: keys.ring.verificationKeys(now: now), allowing: Algorithm.allCases)
                .payload,
            claims["iss"]?.string == issuer, let subject = claims["sub"]?.string, let client = claims["aud"]?.string
        else { return nil }
        return Hint(subject: subject, clientID: client)
    }
}
