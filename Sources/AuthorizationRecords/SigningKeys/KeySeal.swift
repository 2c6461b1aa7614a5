import Crypto
import JOSE
import Octets

/// Encrypts private keys, and the secrets of authenticator apps, where they are stored: AES-256-GCM, under a key that is made from the operator's secret by
/// HKDF-SHA-256 (RFC 5869). The key's id is bound to it, so that what is sealed for one record opens in no other.
package struct KeySeal: Sendable {
    private let key: SymmetricKey

    /// - Parameter secret: 32 octets or more of anything that cannot be guessed. nil: it has fewer.
    package init?(secret: [UInt8]) {
        guard secret.count >= 32 else { return nil }
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Array("portcullis signing keys 1".utf8),
            outputByteCount: 32)
    }

    /// Nonce, ciphertext and tag in base64url.
    func seal(_ pem: String, kid: String, random: Randomness) throws(KeySealError) -> String {
        guard let nonce = try? AES.GCM.Nonce(data: random.octets(12)),
            let box = try? AES.GCM.seal(Array(pem.utf8), using: key, nonce: nonce, authenticating: Self.context(kid)),
            let octets = box.combined
        else { throw KeySealError() }
        return Base64URL.encode(Array(octets))
    }

    func open(_ text: String, kid: String) throws(KeySealError) -> String {
        guard let octets = Base64URL.decode(text), let box = try? AES.GCM.SealedBox(combined: octets),
            let pem = try? AES.GCM.open(box, using: key, authenticating: Self.context(kid)),
            let text = String(validating: pem, as: UTF8.self)
        else { throw KeySealError() }
        return text
    }

    /// The same for the secret of an authenticator app: what is sealed for one user opens for no other, and is no key.
    func seal(secret octets: [UInt8], of userID: String, random: Randomness) throws(KeySealError) -> String {
        guard let nonce = try? AES.GCM.Nonce(data: random.octets(12)),
            let box = try? AES.GCM.seal(octets, using: key, nonce: nonce, authenticating: Self.secretContext(userID)),
            let sealed = box.combined
        else { throw KeySealError() }
        return Base64URL.encode(Array(sealed))
    }

    func openSecret(_ text: String, of userID: String) throws(KeySealError) -> [UInt8] {
        guard let octets = Base64URL.decode(text), let box = try? AES.GCM.SealedBox(combined: octets),
            let secret = try? AES.GCM.open(box, using: key, authenticating: Self.secretContext(userID))
        else { throw KeySealError() }
        return Array(secret)
    }

    private static func secretContext(_ userID: String) -> [UInt8] { Array("code_secret:\(userID)".utf8) }
    private static func context(_ kid: String) -> [UInt8] { Array("signing_key:\(kid)".utf8) }
}

extension KeySeal: CustomStringConvertible, CustomReflectable {
    /// Never the key itself.
    package var description: String { "key encryption key" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Something cannot be sealed, or not be opened: there is one reason for whoever must not know more.
package struct KeySealError: Error, Equatable, Sendable {}
