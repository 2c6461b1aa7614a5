/// Why a log-in at the provider comes to nothing. A closed list; `rawValue` stands in the record of the request as
/// `error`.
enum ProviderFault: String, Error, CaseIterable {
    /// Nothing is under way that this answer could belong to: an unknown state, one of another browser, a used one, or
    /// one that is over.
    case unknownState = "unknown_state"
    /// Another server answers than the one that was asked (RFC 9207 §2.4).
    case wrongIssuer = "wrong_issuer"
    /// The provider says no.
    case refused = "provider_refused"
    /// The provider does not take the code, or this server.
    case codeRefused = "code_refused"
    /// The provider's answer is none.
    case badAnswer = "bad_answer"

    // The ID token
    case malformedToken = "malformed_id_token"
    /// Not signed, by another algorithm, or by no key of the provider's.
    case badSignature = "bad_signature"
    case wrongTokenIssuer = "wrong_token_issuer"
    case wrongAudience = "wrong_audience"
    case wrongNonce = "wrong_nonce"
    case untimely = "untimely_id_token"
    /// The access token beside it is another one.
    case wrongAccessToken = "wrong_at_hash"
    /// The user logged in before this log-in was asked for, or nobody knows when.
    case notFresh = "not_fresh"

    // The user
    case claimsRefused = "claim_mismatch"
    case unknownUser = "unknown_user"
    case disabled = "user_disabled"

    case unavailable = "provider_unavailable"
}
