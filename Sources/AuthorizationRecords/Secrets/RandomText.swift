import JOSE
import Octets

/// A kind of text that the authorization server makes of random octets: a secret, a code, a token, a cookie or an id.
/// All of them are declared here and made by `make`, but for user codes, which people type (`UserCode`).
package struct RandomText: Sendable, Equatable {
    /// How octets become characters. No URL encoding changes any of them.
    package enum Encoding: Sendable {
        /// RFC 4648 §5, without padding: six bits of randomness a character.
        case base64url
        /// One character for each octet, of 32 that are told apart easily: five bits of randomness a character.
        case letters
        /// `base64url`, and six characters that check it, so that a mistyped one is known for what it is.
        case base64urlChecked
    }

    /// What the store has of it.
    package enum Kept: Sendable {
        /// SHA-256 in base64url, by which it is found: it is 256 random bits, so that a plain hash tells nothing.
        case digest
        /// HMAC-SHA-256 under the store's own key (`SecretPepper`), beside the client whose it is.
        case mac
        /// The same digest, in a record that is found by something else: it is typed by people, so it has fewer bits, and whoever
        /// guesses is slowed down.
        case digestBeside
        /// Itself: it is a name, and no secret.
        case asIs
        /// Nothing: whoever has it proves by something else that it is the server's, or uses it once.
        case nothing
    }

    /// Stands in front of the random part; often empty.
    package let prefix: String
    package let octetCount: Int
    package let encoding: Encoding
    package let kept: Kept

    private init(_ prefix: String = "", octets: Int, _ encoding: Encoding = .base64url, kept: Kept) {
        self.prefix = prefix
        octetCount = octets
        self.encoding = encoding
        self.kept = kept
    }

    // MARK: Secrets of clients

    /// `client_secret`. The prefix is what scanners find a leaked one by.
    package static let clientSecret = RandomText("pcs_", octets: 32, .base64urlChecked, kept: .mac)
    /// `registration_access_token` (RFC 7592 §3).
    package static let registrationToken = RandomText("pcr_", octets: 32, kept: .digest)
    /// RFC 6749 §4.1.2.
    package static let authorizationCode = RandomText(octets: 32, kept: .digest)
    /// RFC 6749 §1.5. A token that was replaced has its successor in its record, sealed (`SealedSuccessor`).
    package static let refreshToken = RandomText(octets: 32, kept: .digest)
    /// RFC 8628 §3.2.
    package static let deviceCode = RandomText(octets: 32, kept: .digest)
    /// `request_uri` of a pushed request (RFC 9126 §2.2).
    package static let requestURI = RandomText("urn:ietf:params:oauth:request_uri:", octets: 32, kept: .digest)

    // MARK: Secrets of browsers

    /// The cookie of a session.
    package static let session = RandomText(octets: 32, kept: .digest)
    /// The cookie by which a browser is known before anybody has logged in.
    package static let browser = RandomText(octets: 32, kept: .digest)
    /// `interaction` in the URLs of pages.
    package static let interaction = RandomText(octets: 32, kept: .digest)
    /// `state` of a log-in at the provider.
    package static let providerState = RandomText(octets: 32, kept: .digest)
    /// In the cookie of a browser in which an account has logged in before, beside a MAC.
    package static let knownBrowser = RandomText(octets: 32, kept: .nothing)

    /// That people write down and type when they have lost their factors (`RecoveryCode`): 80 bits.
    package static let recoveryCode = RandomText(octets: 16, .letters, kept: .digestBeside)
    /// `link` in the address of a page that sets a password, or shows that an e-mail address is the user's.
    package static let accountLink = RandomText("pcl_", octets: 32, kept: .digest)

    // MARK: Names

    /// `client_id` of a client for which nobody chose one.
    package static let clientID = RandomText("client-", octets: 16, .letters, kept: .asIs)
    /// `sub` of a user.
    package static let userID = RandomText("user-", octets: 16, kept: .asIs)
    /// Behind the name of an account when there is one of that name already.
    package static let userNameSuffix = RandomText("-", octets: 6, .letters, kept: .asIs)
    /// `grant_id` in access tokens.
    package static let grantID = RandomText(octets: 16, kept: .asIs)
    /// `jti` of what the server signs, and of assertions that the gateway makes as a client.
    package static let tokenID = RandomText(octets: 16, kept: .nothing)

    // MARK: As a client

    /// `code_verifier` (RFC 7636 §4.1).
    package static let codeVerifier = RandomText(octets: 32, kept: .nothing)
    /// `state` of an authorization request.
    package static let requestState = RandomText(octets: 16, kept: .nothing)

    /// A new one.
    package func make(_ random: Randomness) -> String {
        let octets = random.octets(octetCount)
        switch encoding {
        case .base64url: return prefix + Base64URL.encode(octets)
        case .letters:
            return prefix + String(decoding: octets.map { Self.letters[Int($0 & 31)] }, as: UTF8.self)
        case .base64urlChecked:
            let body = prefix + Base64URL.encode(octets)
            return body + Checksum.text(of: body)
        }
    }

    /// What the record of this text is found by, whoever shows it.
    package func key(of text: String) -> String { SecretDigest.text(of: text) }

    /// Whether a text could be one of these, checksum included; it says nothing about whose it is.
    package func isWellFormed(_ text: String) -> Bool {
        guard text.utf8.starts(with: prefix.utf8) else { return false }
        var rest = text.utf8.dropFirst(prefix.utf8.count)
        switch encoding {
        case .letters: return rest.count == octetCount && rest.allSatisfy(Self.letters.contains)
        case .base64url: break
        case .base64urlChecked:
            let checksum = rest.suffix(Checksum.length)
            let body = text.utf8.dropLast(checksum.count)
            guard Checksum.text(of: String(decoding: Array(body), as: UTF8.self)).utf8.elementsEqual(checksum) else {
                return false
            }
            rest = rest.dropLast(checksum.count)
        }
        guard rest.count == (octetCount * 8 + 5) / 6 else { return false }
        return Base64URL.decode(String(decoding: Array(rest), as: UTF8.self))?.count == octetCount
    }

    private static let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
}
