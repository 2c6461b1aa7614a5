import Crypto
import JOSE
import Octets

/// Proof key for code exchange (RFC 7636): S256 and nothing else, for every client (RFC 9700 §2.1.1).
package enum ProofKey {
    /// The only `code_challenge_method`; `plain` is refused.
    package static let method = "S256"

    /// §4.1, §4.2: 43 to 128 of `A-Z a-z 0-9 - . _ ~`. Challenges and verifiers alike.
    package static func isWellFormed(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count)
            && text.utf8.allSatisfy(PercentEncoding.isUnreserved)
    }

    /// §4.2: base64url of the verifier's SHA-256.
    package static func challenge(of verifier: String) -> String {
        Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
    }

    /// §4.6. Digests are compared, so that where they differ tells nothing of the challenge.
    package static func matches(verifier: String, challenge: String) -> Bool {
        isWellFormed(verifier)
            && SHA256.hash(data: Array(Self.challenge(of: verifier).utf8)) == SHA256.hash(data: Array(challenge.utf8))
    }
}
