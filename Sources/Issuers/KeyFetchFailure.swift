package import HTTP

/// Why keys could not be fetched. A closed list; `word` is stable and stands in health and in the log.
package enum KeyFetchFailure: Error, Sendable, Equatable {
    /// There was no answer.
    case noAnswer(OutgoingFailure)

    // What the ring finds in one
    /// Redirects are not followed: they lead where nobody configured.
    case redirected
    /// Not 200.
    case badStatus
    /// Another media type.
    case wrongContentType
    /// Not a JSON object.
    case metadataNotJSON
    /// The metadata's `issuer` is another one: it is not used (RFC 8414 §3.3).
    case wrongIssuer
    /// The metadata names no `jwks_uri`.
    case missingKeySetURL
    /// `jwks_uri` is not https, or its host is not one that was configured.
    case forbiddenKeySetURL
    /// The metadata names no `introspection_endpoint`.
    case missingIntrospectionURL
    /// `introspection_endpoint` is not https, or its host is not one that was configured.
    case forbiddenIntrospectionURL
    /// Not a JWK Set (RFC 7517 §5).
    case badKeySet
    /// More keys than a ring holds.
    case tooManyKeys
    /// A key set without a single key that can be used.
    case noUsableKey

    /// As health and the log have it.
    package var word: String {
        switch self {
        case .noAnswer(let failure): failure.rawValue
        case .redirected: "redirected"
        case .badStatus: "bad_status"
        case .wrongContentType: "wrong_content_type"
        case .metadataNotJSON: "metadata_not_json"
        case .wrongIssuer: "wrong_issuer"
        case .missingKeySetURL: "missing_jwks_uri"
        case .forbiddenKeySetURL: "forbidden_jwks_uri"
        case .missingIntrospectionURL: "missing_introspection_endpoint"
        case .forbiddenIntrospectionURL: "forbidden_introspection_endpoint"
        case .badKeySet: "bad_key_set"
        case .tooManyKeys: "too_many_keys"
        case .noUsableKey: "no_usable_key"
        }
    }

    /// The issuer answers, but what it says cannot be trusted or used: an operator must look.
    package var isMisconduct: Bool {
        switch self {
        case .noAnswer(.unreachable), .noAnswer(.tlsFailed), .noAnswer(.timeout), .noAnswer(.badAnswer),
            .noAnswer(.badSettings), .badStatus:
            false
        case .noAnswer(.tooLarge), .noAnswer(.forbiddenAddress), .redirected, .wrongContentType, .metadataNotJSON,
            .wrongIssuer, .missingKeySetURL, .forbiddenKeySetURL, .missingIntrospectionURL, .forbiddenIntrospectionURL,
            .badKeySet, .tooManyKeys, .noUsableKey:
            true
        }
    }
}
