import Crypto
import JOSE
import Octets

/// Nonces that a server gives to makers of proofs (RFC 9449 §8, §9): nothing is remembered, each follows from the time
/// and the key. A new one every five minutes; the one before it still counts.
package struct ProofNonces: Sendable {
    private static let periodSeconds: Int64 = 300
    private let key: SymmetricKey

    /// - Parameter key: 32 random octets. Whoever has the same ones gives and takes the same nonces.
    package init(key: [UInt8]) { self.key = SymmetricKey(data: key) }

    /// 22 characters of base64url.
    package func current(_ unixSeconds: Int64) -> String { nonce(Self.period(unixSeconds)) }

    /// Whether it is the nonce of this period or of the one before.
    package func accepts(_ nonce: String, _ unixSeconds: Int64) -> Bool {
        let period = Self.period(unixSeconds)
        return ConstantTime.areEqual(nonce.utf8, self.nonce(period).utf8)
            || ConstantTime.areEqual(nonce.utf8, self.nonce(period &- 1).utf8)
    }

    private static func period(_ unixSeconds: Int64) -> Int64 { unixSeconds / periodSeconds }

    private func nonce(_ period: Int64) -> String {
        var octets: [UInt8] = Array("dpop nonce ".utf8)
        withUnsafeBytes(of: period.littleEndian) { octets.append(contentsOf: $0) }
        let code = HMAC<SHA256>.authenticationCode(for: octets, using: key)
        return Base64URL.encode(Array(code.prefix(16)))
    }
}
