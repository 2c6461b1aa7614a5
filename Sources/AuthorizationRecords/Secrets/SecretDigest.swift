import Crypto
import JOSE

/// What codes, refresh tokens and the like are found by: SHA-256 in base64url. They are 256 random bits, so that a
/// plain hash tells nothing.
package enum SecretDigest {
    /// 43 characters.
    package static func text(of secret: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(secret.utf8)).map { $0 })
    }
}
