internal import HTTP
internal import JSON

/// Why the token endpoint refuses (RFC 6749 §5.2, RFC 8707 §2). Descriptions are fixed sentences: nothing that the client
/// sent comes back, and they keep to the octets that §5.2 allows.
enum OAuthError: Error, Equatable, CaseIterable {
    case notAForm, badForm, repeatedParameter, credentialsInURI, severalAuthenticationMethods, differentClientIDs, missingGrantType
    /// Whatever is wrong with the credentials: one answer, so that nobody learns which clients exist.
    case invalidClient
    /// Too many failures for this client from this address.
    case tooManyFailures
    case unauthorizedClient, unsupportedGrantType, invalidScope, invalidTarget
    /// The store or the key cannot serve now; the client may try again.
    case unavailable

    /// How long a client waits after `tooManyFailures` and `unavailable`.
    static let retryAfterSeconds = 10

    var status: Int {
        switch self {
        case .invalidClient: 401
        case .tooManyFailures: 429
        case .unavailable: 503
        default: 400
        }
    }

    /// The word of the RFC.
    var word: String {
        switch self {
        case .notAForm, .badForm, .repeatedParameter, .credentialsInURI, .severalAuthenticationMethods, .differentClientIDs, .missingGrantType:
            "invalid_request"
        case .invalidClient, .tooManyFailures: "invalid_client"
        case .unauthorizedClient: "unauthorized_client"
        case .unsupportedGrantType: "unsupported_grant_type"
        case .invalidScope: "invalid_scope"
        case .invalidTarget: "invalid_target"
        case .unavailable: "temporarily_unavailable"
        }
    }

    var description: String {
        switch self {
        case .notAForm: "the body must be application/x-www-form-urlencoded"
        case .badForm: "the body is not a well-formed form"
        case .repeatedParameter: "a parameter is there more than once"
        case .credentialsInURI: "credentials belong into the Authorization header or the body, never into the URI"
        case .severalAuthenticationMethods: "the client authenticates in more than one way"
        case .differentClientIDs: "the client_id in the body is not that of the Authorization header"
        case .missingGrantType: "grant_type is missing"
        case .invalidClient: "client authentication failed"
        case .tooManyFailures: "too many failed attempts; wait before the next"
        case .unauthorizedClient: "this client may not use this grant type"
        case .unsupportedGrantType: "this grant type is not supported"
        case .invalidScope: "a scope is malformed, unknown, or not for this client"
        case .invalidTarget: "the resource is unknown, or there is more than one"
        case .unavailable: "the server cannot answer now; try again"
        }
    }

    /// - Parameter realm: of the challenge that every 401 carries (RFC 9110 §15.5.2).
    func response(realm: String) -> ServiceResponse {
        var fields: [ServiceResponse.Field] = []
        if status == 401 { fields.append(("WWW-Authenticate", "Basic realm=\"\(realm)\", charset=\"UTF-8\"")) }
        if status == 429 || status == 503 { fields.append(("Retry-After", "\(Self.retryAfterSeconds)")) }
        return .json(status: status, ["error": .string(word), "error_description": .string(description)], fields: fields)
    }
}
