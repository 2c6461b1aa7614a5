/// Why a key or a set of keys is not used. A closed list; `code` is stable, `reason` a fixed sentence for people.
package enum KeyError: String, Error, Equatable, Sendable, CaseIterable {
    // A key set as a whole
    case setTooLarge = "set_too_large"
    case setNotJSON = "set_not_json"
    case noKeysArray = "no_keys_array"
    case tooManyKeys = "too_many_keys"

    // One key
    case notObject = "not_an_object"
    case badMember = "bad_member"
    case unknownKeyType = "unknown_key_type"
    case unknownCurve = "unknown_curve"
    case unknownAlgorithm = "unknown_algorithm"
    case algorithmMismatch = "algorithm_mismatch"
    case notForSignatures = "not_for_signatures"
    case inconsistentUse = "inconsistent_use"
    case symmetric = "symmetric_key"
    case privateKey = "private_key"
    case badNumbers = "bad_numbers"
    case rsaTooSmall = "rsa_too_small"
    case rsaTooLarge = "rsa_too_large"
    case badExponent = "bad_exponent"
    case guessablePrimes = "guessable_primes"
    case badPEM = "bad_pem"
    case signingFailed = "signing_failed"

    /// The stable word.
    package var code: String { rawValue }

    /// Whether a secret was shown to everybody who could read the set: its owner must be told (RFC 7517 §9.2).
    package var isExposure: Bool { self == .privateKey || self == .symmetric }

    /// A clause without a full stop, to be put behind a name of the key.
    package var reason: String {
        switch self {
        case .setTooLarge: "the key set is larger than 1 MiB"
        case .setNotJSON: "the key set is not strict JSON (RFC 8259)"
        case .noKeysArray: "the key set has no array \"keys\" (RFC 7517 §5)"
        case .tooManyKeys: "the key set holds more than 100 keys"
        case .notObject: "it is not a JSON object"
        case .badMember:
            "a member is missing, or is not of the type or the base64url that RFC 7517 and RFC 7518 ask for"
        case .unknownKeyType: "its kty is not RSA, EC, OKP or AKP"
        case .unknownCurve: "its crv is not P-256, P-384, P-521 or Ed25519"
        case .unknownAlgorithm: "its alg is no signature algorithm that exists here"
        case .algorithmMismatch: "its alg does not fit its kty and crv"
        case .notForSignatures: "its use or key_ops say that it is not for verifying signatures"
        case .inconsistentUse:
            "its use and key_ops contradict each other, or key_ops names an operation twice (RFC 7517 §4.3)"
        case .symmetric: "it is a symmetric key, published: whoever read it can forge what it protects"
        case .privateKey: "it contains the private key, published: whoever read it can sign in the issuer's name"
        case .badNumbers: "its numbers are no public key of its kind"
        case .rsaTooSmall: "its modulus has fewer than 2048 bits (RFC 7518 §3.3)"
        case .rsaTooLarge: "its modulus has more than 8192 bits"
        case .badExponent: "its public exponent is even, 1, or larger than 32 bits"
        case .guessablePrimes: "its modulus has the structure of the ROCA weakness (CVE-2017-15361)"
        case .badPEM: "it is not one PEM block of a key of a supported kind"
        case .signingFailed: "the library could not sign"
        }
    }
}
