import Crypto

/// The key under which secrets are stored. It lies in the store's own key table: the secrets are 256 random bits, so
/// that a plain hash would do; the key keeps the rows of one store from meaning anything in another.
package struct SecretPepper: Sendable {
    /// As many as the hash has.
    package static let octetCount = 32
    private let key: SymmetricKey

    /// nil unless there are 32 octets.
    package init?(octets: [UInt8]) {
        guard octets.count == Self.octetCount else { return nil }
        key = SymmetricKey(data: octets)
    }

    /// HMAC-SHA-256 over the client's id and the secret: a row that is moved to another client recognises nothing.
    package func mac(of secret: String, clientID: String) -> SecretMAC {
        var hmac = HMAC<SHA256>(key: key)
        hmac.update(data: Array(clientID.utf8) + [0])
        hmac.update(data: Array(secret.utf8))
        return SecretMAC(unchecked: Array(hmac.finalize()))
    }
}

/// What a secret is recognised by. Comparing two takes the same time wherever they differ.
package struct SecretMAC: Sendable, Equatable {
    /// 32 octets, for storing; compare the values, not these.
    package let octets: [UInt8]

    /// nil unless there are 32 octets.
    package init?(octets: [UInt8]) {
        guard octets.count == 32 else { return nil }
        self.octets = octets
    }

    fileprivate init(unchecked octets: [UInt8]) { self.octets = octets }

    /// Equals none that was ever made, but for a chance of 2^-256.
    package static let none = SecretMAC(unchecked: [UInt8](repeating: 0, count: 32))

    package static func == (one: SecretMAC, other: SecretMAC) -> Bool {
        var difference: UInt8 = 0
        for (a, b) in zip(one.octets, other.octets) { difference |= a ^ b }
        return difference == 0
    }
}
