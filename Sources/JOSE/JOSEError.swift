/// Why a token is not accepted. A closed list; `code` is stable and says nothing that the sender chose.
package enum JOSEError: Error, Equatable, Sendable {
    /// Not a compact JWS that claims can be read from.
    case malformed(Defect)
    /// More members than are read, or deeper ones: 1,024 and 16 levels in the claims, 128 and 8 in the header.
    case tooComplex
    /// `alg` is none that exists here, or none that is allowed for this issuer (RFC 8725 §3.1).
    case unsupportedAlgorithm
    /// No key that may serve: none has the `kid` and fits `alg`, or more of them do than are tried.
    case noKey
    /// No key that may serve made this signature.
    case badSignature

    /// What is wrong with a malformed token.
    package enum Defect: String, Sendable, CaseIterable {
        /// Longer than `CompactJWS.bytesMax`.
        case tooLarge = "token_too_large"
        /// Not three parts between two dots (RFC 7515 §7.1); four dots are a JWE (RFC 7516 §7.1).
        case notCompact = "not_compact"
        /// A part that is not canonical base64url (RFC 7515 §2).
        case badBase64URL = "bad_base64url"
        /// The header is not strict JSON in UTF-8.
        case headerNotJSON = "header_not_json"
        case headerNotObject = "header_not_object"
        /// A member twice in the header (RFC 7515 §4), at whatever depth.
        case headerDuplicateMember = "header_duplicate_member"
        /// A member that is not of the type that its definition says, or is empty.
        case badHeaderMember = "bad_header_member"
        /// `alg` is missing (RFC 7515 §4.1.1).
        case missingAlgorithm = "missing_algorithm"
        /// `crit` is empty, no array of names, names one twice, or one that is absent or registered (RFC 7515 §4.1.11).
        case badCritical = "bad_critical"
        /// `crit` names an extension; none is understood here.
        case unknownCritical = "unknown_critical"
        /// `b64` (RFC 7797 §7: not in a JWT).
        case unencodedPayload = "unencoded_payload"
        /// `cty` says that the payload is another token (RFC 7519 §5.2).
        case nested = "nested_token"
        /// `enc` or `zip`, which only an encrypted token has (RFC 7516 §4.1).
        case encrypted = "encrypted_token"
        /// The payload is not strict JSON in UTF-8.
        case claimsNotJSON = "claims_not_json"
        case claimsNotObject = "claims_not_object"
        /// A member twice in the claims (RFC 7519 §4), at whatever depth.
        case claimsDuplicateMember = "claims_duplicate_member"
    }

    /// A stable word, for records and logs.
    package var code: String {
        switch self {
        case .malformed(let defect): defect.rawValue
        case .tooComplex: "token_too_complex"
        case .unsupportedAlgorithm: "unsupported_algorithm"
        case .noKey: "no_key"
        case .badSignature: "bad_signature"
        }
    }
}
