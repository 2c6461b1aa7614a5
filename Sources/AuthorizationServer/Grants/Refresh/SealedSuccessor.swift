import AuthorizationRecords
import Crypto
import JOSE
import Octets

/// The successor of a refresh token, so that only the token itself opens it: whoever reads the store learns neither,
/// and a client that lost an answer gets the same one again instead of a second family.
///
/// AES-256-GCM; the key comes of the old token's 256 random bits by HKDF (RFC 5869), and serves once.
enum SealedSuccessor {
    static func seal(_ successor: String, under token: String, random: Randomness) throws(OAuthError) -> String {
        do {
            let nonce = try AES.GCM.Nonce(data: random.octets(12))
            guard let sealed = try AES.GCM.seal(Array(successor.utf8), using: key(token), nonce: nonce).combined else {
                throw OAuthError.unavailable
            }
            return Base64URL.encode(Array(sealed))
        } catch {
            throw .unavailable
        }
    }

    /// nil: it was not sealed under this token.
    static func open(_ sealed: String, with token: String) -> String? {
        guard let octets = Base64URL.decode(sealed), let box = try? AES.GCM.SealedBox(combined: octets),
            let plain = try? AES.GCM.open(box, using: key(token))
        else { return nil }
        return String(validating: Array(plain), as: UTF8.self)
    }

    private static func key(_ token: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(token.utf8)),
            info: Array("portcullis refresh token successor".utf8), outputByteCount: 32)
    }
}
