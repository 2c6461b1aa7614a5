/// What a fetch brought: an answer as it came.
package struct Fetched: Sendable {
    /// HTTP status. Redirects have not been followed.
    package var status: Int
    // The fields that count, as they came.
    /// With its parameters; nil: there was none.
    package var contentType: String?
    /// nil: there was none; several are joined by commas.
    package var cacheControl: String?
    /// nil: there was none.
    package var age: String?
    /// Not decoded, and bounded by whoever fetched it.
    package var body: [UInt8]

    package init(
        status: Int, contentType: String? = "application/json", cacheControl: String? = nil, age: String? = nil,
        body: [UInt8]
    ) {
        self.status = status
        self.contentType = contentType
        self.cacheControl = cacheControl
        self.age = age
        self.body = body
    }
}

/// Why keys could not be fetched. A closed list; `rawValue` is stable and stands in health and in the log.
package enum KeyFetchFailure: String, Error, Sendable, CaseIterable {
    // What the transport says
    case unreachable = "unreachable"
    case tlsFailed = "tls_failed"
    case timeout = "timeout"
    case tooLarge = "too_large"
    /// The host's address is link-local or that of a cloud's metadata service, and is not allowed by name.
    case forbiddenAddress = "forbidden_address"
    case badAnswer = "bad_answer"
    /// Files of the fetch (authorities, certificate) cannot be used.
    case badSettings = "bad_settings"

    // What the ring finds
    case redirected = "redirected"
    case badStatus = "bad_status"
    case wrongContentType = "wrong_content_type"
    case metadataNotJSON = "metadata_not_json"
    /// The metadata's `issuer` is another one: it is not used (RFC 8414 §3.3).
    case wrongIssuer = "wrong_issuer"
    case missingKeySetURL = "missing_jwks_uri"
    /// `jwks_uri` is not https, or its host is not one that was configured.
    case forbiddenKeySetURL = "forbidden_jwks_uri"
    case missingIntrospectionURL = "missing_introspection_endpoint"
    /// `introspection_endpoint` is not https, or its host is not one that was configured.
    case forbiddenIntrospectionURL = "forbidden_introspection_endpoint"
    case badKeySet = "bad_key_set"
    case tooManyKeys = "too_many_keys"
    /// A key set without a single key that can be used.
    case noUsableKey = "no_usable_key"

    /// The issuer answers, but what it says cannot be trusted or used: an operator must look.
    package var isMisconduct: Bool {
        switch self {
        case .unreachable, .tlsFailed, .timeout, .badAnswer, .badStatus, .badSettings: false
        case .tooLarge, .forbiddenAddress, .redirected, .wrongContentType, .metadataNotJSON, .wrongIssuer,
            .missingKeySetURL, .forbiddenKeySetURL, .missingIntrospectionURL, .forbiddenIntrospectionURL, .badKeySet,
            .tooManyKeys, .noUsableKey:
            true
        }
    }
}
