import JSON
import Octets

/// What the script of the page sends when a passkey was used: a JSON object of base64url texts (WebAuthn §5.2.2).
package struct PasskeyAssertion: Sendable {
    /// Which passkey it says it is.
    package let credentialID: [UInt8]
    /// JSON, as the browser wrote it: these octets were signed.
    package let clientData: [UInt8]
    /// As the authenticator wrote it (`AuthenticatorData`).
    package let authenticatorData: [UInt8]
    /// Over the authenticator's data and the digest of the browser's.
    package let signature: [UInt8]
    /// The user's id, as it was given to the authenticator; nil: it keeps none.
    package let userHandle: [UInt8]?

    /// Throws `malformed` where it is not what the script writes.
    package init(_ text: String) throws(PasskeyFault) {
        let members = try PasskeyMembers(text)
        credentialID = try members.octets("id", bytesMax: AuthenticatorData.credentialIDBytesMax)
        clientData = try members.octets("clientData", bytesMax: 4_096)
        authenticatorData = try members.octets("authenticatorData", bytesMax: 4_096)
        // RS256 of 8,192 bits.
        signature = try members.octets("signature", bytesMax: 1_024)
        // §5.4.3: 64 octets at most.
        userHandle = members.has("userHandle") ? try members.octets("userHandle", bytesMax: 64) : nil
    }
}

/// What the script of the page sends when a passkey was made (WebAuthn §5.2.1).
package struct PasskeyRegistration: Sendable {
    /// JSON, as the browser wrote it.
    package let clientData: [UInt8]
    /// CBOR, as the authenticator wrote it (WebAuthn §6.5.4).
    package let attestationObject: [UInt8]
    /// How the browser reached the authenticator.
    package let transports: [String]

    /// Throws `malformed` where it is not what the script writes.
    package init(_ text: String) throws(PasskeyFault) {
        let members = try PasskeyMembers(text)
        clientData = try members.octets("clientData", bytesMax: 4_096)
        attestationObject = try members.octets("attestation", bytesMax: CBOR.bytesMax)
        transports = members.words("transports")
    }
}

private struct PasskeyMembers {
    private static let limits = JSONLimits(bytesMax: 16_384, depthMax: 3, membersMax: 32)
    /// §5.8.4, and what stands in the registry since.
    private static let transports = ["usb", "nfc", "ble", "smart-card", "hybrid", "internal"]
    private let members: JSONObject

    init(_ text: String) throws(PasskeyFault) {
        guard let members = (try? JSON.parse(Array(text.utf8), limits: Self.limits))?.object else { throw .malformed }
        self.members = members
    }

    func has(_ name: String) -> Bool { members[name].map { !$0.isNull } ?? false }

    func octets(_ name: String, bytesMax: Int) throws(PasskeyFault) -> [UInt8] {
        guard let text = members[name]?.string, let octets = Base64URL.decode(text),
            (1...bytesMax).contains(octets.count)
        else { throw .malformed }
        return octets
    }

    /// Those that are known; they are only hints.
    func words(_ name: String) -> [String] {
        let given = (members[name]?.array ?? []).compactMap(\.string)
        return Self.transports.filter(given.contains)
    }
}
