import Crypto
import JOSE
import Octets

/// What records are found by that belong to a secret (`RandomText`), or to a name that is long or not to be seen:
/// SHA-256 in base64url.
package enum SecretDigest {
    /// 43 characters.
    package static func text(of secret: String) -> String {
        Base64URL.encode(SHA256.hash(data: Array(secret.utf8)).map { $0 })
    }

    static func isWellFormed(_ text: String) -> Bool {
        text.utf8.count == 43 && Base64URL.decode(text)?.count == SHA256.byteCount
    }
}
