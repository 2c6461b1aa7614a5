import CryptoExtras
import JOSE

extension SigningKey {
    /// A new key as most issuers have it. RSA: 2048 bits, where ours would have 3072; what is measured here is other
    /// people's tokens.
    static func common(_ algorithm: Algorithm) throws -> SigningKey {
        switch algorithm {
        case .rs256, .ps256:
            try SigningKey(
                pem: _RSA.Signing.PrivateKey(keySize: .bits2048).pkcs8PEMRepresentation, algorithm: algorithm)
        default: try SigningKey.generate(algorithm)
        }
    }
}
