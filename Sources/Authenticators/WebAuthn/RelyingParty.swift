import Crypto
import JSON
import Octets

/// The site that passkeys are for (WebAuthn §4), and what it makes of what browsers bring.
package struct RelyingParty: Sendable, Equatable {
    /// `rp.id`: the host of the issuer, and nothing above it.
    package let id: String
    /// As browsers write it (RFC 6454 §6.2).
    package let origin: String
    private let hash: [UInt8]

    /// nil: the origin is none that passkeys could be for; an address is no domain (WebAuthn §5.1.3).
    package init?(origin: String) {
        guard origin.hasPrefix("https://") else { return nil }
        let authority = origin.dropFirst(8)
        let host = String(authority.prefix { $0 != ":" })
        guard !authority.hasPrefix("["), !host.isEmpty, host == host.lowercased(),
            !(host.split(separator: ".").last ?? "").utf8.allSatisfy(ASCII.isDigit)
        else { return nil }
        id = host
        self.origin = origin
        hash = Array(SHA256.hash(data: Array(host.utf8)))
    }

    /// A new passkey (§7.1). Its attestation is not looked at, whatever its format: nobody here vouches for models of
    /// authenticators, and the page asks for none.
    /// - Parameters:
    ///   - challenge: of the page, in base64url.
    ///   - verifiesUser: the authenticator must have checked who it is.
    package func newPasskey(_ answer: PasskeyRegistration, challenge: String, verifiesUser: Bool)
        throws(PasskeyFault) -> NewPasskey
    {
        _ = try ClientData(answer.clientData, .create, challenge: challenge, origin: origin)
        guard let object = try? CBOR.parse(answer.attestationObject), object.memberCount == 3,
            object["fmt"]?.string != nil, object["attStmt"] != nil, let octets = object["authData"]?.octets
        else { throw .badAttestation }
        if object["fmt"]?.string == "none", object["attStmt"]?.memberCount != 0 { throw .badAttestation }
        let data = try AuthenticatorData(octets)
        try check(data, verifiesUser: verifiesUser)
        guard let credential = data.credential else { throw .badAuthenticatorData }
        return NewPasskey(
            credentialID: credential.id, key: credential.key, signatureCount: data.signatureCount,
            isBackupEligible: data.isBackupEligible, isBackedUp: data.isBackedUp, transports: answer.transports)
    }

    /// Whether it is the owner of this passkey (§7.2).
    ///
    /// A count that does not grow is refused, as §6.1.1 lets a relying party do: then there are two of this authenticator,
    /// and nobody can tell which is the user's. Passkeys that are copied between devices do not count at all.
    /// - Parameters:
    ///   - challenge: of the page, in base64url.
    ///   - verifiesUser: the authenticator must have checked who it is.
    package func judge(_ answer: PasskeyAssertion, of passkey: KnownPasskey, challenge: String, verifiesUser: Bool)
        throws(PasskeyFault) -> PasskeyUse
    {
        guard answer.credentialID == passkey.credentialID else { throw .unknownCredential }
        let client = try ClientData(answer.clientData, .get, challenge: challenge, origin: origin)
        let data = try AuthenticatorData(answer.authenticatorData)
        try check(data, verifiesUser: verifiesUser)
        guard data.isBackupEligible == passkey.isBackupEligible else { throw .badBackupState }
        guard passkey.key.verifies(answer.signature, of: answer.authenticatorData + client.digest) else {
            throw .badSignature
        }
        guard data.signatureCount == 0 && passkey.signatureCount == 0 || data.signatureCount > passkey.signatureCount
        else { throw .countWentBack }
        return PasskeyUse(
            isUserVerified: data.isUserVerified, signatureCount: data.signatureCount, isBackedUp: data.isBackedUp)
    }

    private func check(_ data: AuthenticatorData, verifiesUser: Bool) throws(PasskeyFault) {
        guard data.relyingPartyHash == hash else { throw .wrongRelyingParty }
        guard data.isUserPresent else { throw .userNotPresent }
        guard data.isUserVerified || !verifiesUser else { throw .userNotVerified }
    }
}

/// A passkey that was just made.
package struct NewPasskey: Sendable {
    /// Of the authenticator's choice, and unique.
    package let credentialID: [UInt8]
    package let key: PasskeyKey
    package let signatureCount: UInt32
    package let isBackupEligible: Bool
    package let isBackedUp: Bool
    /// How browsers reach its authenticator (§5.8.4), as hints for the next time.
    package let transports: [String]
}

/// What is known of a passkey when it is used.
package struct KnownPasskey: Sendable {
    /// Of the authenticator's choice, and unique.
    package let credentialID: [UInt8]
    package let key: PasskeyKey
    package let signatureCount: UInt32
    package let isBackupEligible: Bool

    package init(credentialID: [UInt8], key: PasskeyKey, signatureCount: UInt32, isBackupEligible: Bool) {
        self.credentialID = credentialID
        self.key = key
        self.signatureCount = signatureCount
        self.isBackupEligible = isBackupEligible
    }
}

/// That somebody has used a passkey.
package struct PasskeyUse: Sendable, Equatable {
    package let isUserVerified: Bool
    package let signatureCount: UInt32
    package let isBackedUp: Bool
}
