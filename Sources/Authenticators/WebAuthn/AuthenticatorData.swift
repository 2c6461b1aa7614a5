/// What an authenticator says (WebAuthn §6.1): for whom, who was there, and when it makes a credential, its key.
package struct AuthenticatorData: Sendable {
    /// SHA-256 of the id of the relying party.
    package let relyingPartyHash: [UInt8]
    /// Somebody was there (UP).
    package let isUserPresent: Bool
    /// The authenticator knows that it is its owner, by a PIN or a finger, say (UV).
    package let isUserVerified: Bool
    /// The credential may be copied to other devices of its owner (BE).
    package let isBackupEligible: Bool
    /// And it is (BS).
    package let isBackedUp: Bool
    /// How often it has signed; 0 always: it does not count.
    package let signatureCount: UInt32
    /// Only where a credential is made.
    package let credential: Credential?

    /// WebAuthn §6.5.1.
    package struct Credential: Sendable {
        /// The model of the authenticator, which nobody vouches for.
        package let model: [UInt8]
        /// The authenticator's name for it, of its own choice.
        package let id: [UInt8]
        package let key: PasskeyKey
    }

    /// Octets of a credential's id at most (WebAuthn §4).
    package static let credentialIDBytesMax = 1_023
    private static let headBytes = 37

    /// Nothing may stand behind it.
    package init(_ octets: [UInt8]) throws(PasskeyFault) {
        guard octets.count >= Self.headBytes, octets.count <= CBOR.bytesMax else { throw .badAuthenticatorData }
        relyingPartyHash = Array(octets[0..<32])
        let flags = octets[32]
        isUserPresent = flags & 0x01 != 0
        isUserVerified = flags & 0x04 != 0
        isBackupEligible = flags & 0x08 != 0
        isBackedUp = flags & 0x10 != 0
        signatureCount = octets[33..<37].reduce(0) { $0 << 8 | UInt32($1) }
        // WebAuthn §6.1.3: what cannot be copied is not copied.
        guard isBackupEligible || !isBackedUp else { throw .badBackupState }
        var position = Self.headBytes
        var credential: Credential?
        if flags & 0x40 != 0 { credential = try Self.credential(octets, &position) }
        if flags & 0x80 != 0 {
            guard let (extensions, end) = try? CBOR.parse(octets, from: position), extensions.memberCount != nil else {
                throw .badAuthenticatorData
            }
            position = end
        }
        guard position == octets.count else { throw .badAuthenticatorData }
        self.credential = credential
    }

    private static func credential(_ octets: [UInt8], _ position: inout Int) throws(PasskeyFault) -> Credential {
        guard octets.count - position >= 18 else { throw .badAuthenticatorData }
        let model = Array(octets[position..<(position + 16)])
        let length = Int(octets[position + 16]) << 8 | Int(octets[position + 17])
        position += 18
        guard (1...credentialIDBytesMax).contains(length), octets.count - position >= length else {
            throw .badAuthenticatorData
        }
        let id = Array(octets[position..<(position + length)])
        position += length
        guard let (cose, end) = try? CBOR.parse(octets, from: position) else { throw .badAuthenticatorData }
        position = end
        return Credential(model: model, id: id, key: try PasskeyKey(cose: cose))
    }
}
