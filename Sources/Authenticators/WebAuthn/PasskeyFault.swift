/// Why what a browser brings is no log-in, or no new passkey. People are told one sentence for all of them; the code
/// stands in the record of the request.
package enum PasskeyFault: String, Error, Equatable, Sendable, CaseIterable {
    /// Not what the page sends, or beyond its bounds.
    case malformed = "passkey_malformed"
    case badClientData = "passkey_client_data"
    /// An answer to the other ceremony.
    case wrongCeremony = "passkey_ceremony"
    /// Not the challenge of this page.
    case wrongChallenge = "passkey_challenge"
    /// It was made on another site.
    case wrongOrigin = "passkey_origin"
    /// Inside a frame of another site.
    case crossOrigin = "passkey_cross_origin"
    case badAuthenticatorData = "passkey_authenticator_data"
    /// It was made for another relying party.
    case wrongRelyingParty = "passkey_relying_party"
    case userNotPresent = "passkey_user_not_present"
    /// The authenticator has not checked who it is.
    case userNotVerified = "passkey_user_not_verified"
    case badBackupState = "passkey_backup_state"
    case unsupportedKey = "passkey_key"
    case badAttestation = "passkey_attestation"
    case badSignature = "passkey_signature"
    /// The count of signatures went back: there are two of this authenticator.
    case countWentBack = "passkey_count"
    /// None that is known here, or not of this user.
    case unknownCredential = "passkey_unknown"
}
