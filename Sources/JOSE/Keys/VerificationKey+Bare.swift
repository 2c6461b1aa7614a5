import Crypto

extension VerificationKey {
    /// Whether a signature outside any JWS holds, as authenticators make it (WebAuthn §6.5.5): of ES256 it is DER (RFC 3279
    /// §2.2.3), and nothing else. Other curves are not used there.
    package func verifiesBare(_ signature: [UInt8], of message: [UInt8], by algorithm: Algorithm) -> Bool {
        guard algorithm == .es256 else {
            return (algorithm == .edDSA || algorithm == .rs256) && verifies(signature, of: message, algorithm)
        }
        // Two numbers of 33 octets and their heads.
        guard signature.count <= 72, let parsed = try? P256.Signing.ECDSASignature(derRepresentation: signature),
            Array(parsed.derRepresentation) == signature
        else { return false }
        return verifies(Array(parsed.rawRepresentation), of: message, algorithm)
    }
}
