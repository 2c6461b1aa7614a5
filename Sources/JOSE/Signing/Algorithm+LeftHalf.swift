import Crypto

extension Algorithm {
    /// The left half of the hash that a signature by this algorithm uses (OpenID Connect Core §3.1.3.6, `at_hash`); for
    /// EdDSA, which hashes by itself, of SHA-512. nil where nobody has said which hash to take.
    package func leftHalfHash(of octets: [UInt8]) -> [UInt8]? {
        switch (facts.hash, facts.key) {
        case (.sha256, _): Array(SHA256.hash(data: octets).prefix(16))
        case (.sha384, _): Array(SHA384.hash(data: octets).prefix(24))
        case (.sha512, _), (nil, .ed25519): Array(SHA512.hash(data: octets).prefix(32))
        case (nil, _): nil
        }
    }
}
