import AuthorizationRecords
import HTTP
import JSON
import LogIn

/// Why an endpoint refuses (RFC 6749 §5.2 and what builds on it). Descriptions are fixed sentences: nothing that the
/// client sent comes back, and they keep to the octets that §5.2 allows.
///
/// Each feature declares its own beside the code that throws them, as `static let`s of an extension.
struct OAuthError: Error, Equatable, Sendable {
    let status: Int
    /// The word of the RFC.
    let word: String
    let description: String
    /// Seconds after which the client may try again.
    let retryAfterSeconds: Int?
    /// For operators, into the record of the request: one word, such as `refresh_token_reused`.
    let event: String?
    /// `DPoP-Nonce` of the answer (RFC 9449 §8).
    var nonce: String?
    /// Whether the answer challenges the client to authenticate (RFC 9110 §15.5.2).
    var challenges: Bool { status == 401 }

    init(_ word: String, _ description: String, status: Int = 400, retryAfterSeconds: Int? = nil, event: String? = nil)
    {
        self.status = status
        self.event = event
        self.word = word
        self.description = description
        self.retryAfterSeconds = retryAfterSeconds
    }

    init(_ fault: ParameterFault) { self.init("invalid_request", fault.description) }

    /// - Parameter challenge: what a 401 asks for (RFC 9110 §15.5.2).
    func response(challenge: String?, fields more: [ServiceResponse.Field] = []) -> ServiceResponse {
        var fields = more
        if challenges, let challenge { fields.append(("WWW-Authenticate", challenge)) }
        if let nonce { fields.append(("DPoP-Nonce", nonce)) }
        if let retryAfterSeconds { fields.append(("Retry-After", "\(retryAfterSeconds)")) }
        var response = ServiceResponse.json(
            status: status, ["error": .string(word), "error_description": .string(description)], fields: fields)
        response.facts.error = word
        response.facts.event = event ?? (word == "invalid_client" ? "client_authentication_failed" : nil)
        return response
    }
}

// MARK: What every endpoint may answer

extension OAuthError {
    static let notAForm = OAuthError(.notAForm)
    static let badForm = OAuthError(.malformed)
    static let repeatedParameter = OAuthError(.repeated)
    static let credentialsInURI = OAuthError(.credentialsInURI)
    /// Whatever is wrong with the credentials: one answer, so that nobody learns which clients exist.
    static let invalidClient = OAuthError("invalid_client", "client authentication failed", status: 401)
    static let severalAuthenticationMethods = OAuthError(
        "invalid_request", "the client authenticates in more than one way")
    static let differentClientIDs = OAuthError(
        "invalid_request", "the client_id in the body is not that of the Authorization header")
    /// Too many failures for this client from this address.
    static let tooManyFailures = OAuthError(
        "invalid_client", "too many failed attempts; wait before the next", status: 429, retryAfterSeconds: 10,
        event: "client_authentication_braked")
    static let invalidScope = OAuthError("invalid_scope", "a scope is malformed, unknown, or not for this client")
    static let invalidTarget = OAuthError("invalid_target", "the resource is unknown, or there is more than one")
    /// The store or the key cannot serve now; the client may try again.
    static let unavailable = OAuthError(
        "temporarily_unavailable", "the server cannot answer now; try again", status: 503, retryAfterSeconds: 10)
    /// A record that the answer depends on cannot be read. Clients hear no more than that; operators do.
    static let damagedRecord = OAuthError(
        "temporarily_unavailable", unavailable.description, status: 503, retryAfterSeconds: 10,
        event: ServiceFacts.damagedRecord)

    /// What stands here and in extensions elsewhere, for the test that looks at all of them. A feature adds its own.
    static var catalogue: [OAuthError] {
        [
            notAForm, badForm, repeatedParameter, credentialsInURI, invalidClient, severalAuthenticationMethods,
            differentClientIDs,
            tooManyFailures, invalidScope, invalidTarget, unavailable, damagedRecord,
        ] + tokenEndpoint + redirectURI + authorizationRequest + authorizationEndpoint + pushedRequests
            + authorizationCodes + refreshTokens + idTokens + userInfo + assertions
            + senderProofs + parameterBounds + registration + tokenManagement + deviceGrant + tokenExchange + federation
            + userAccess
    }
}

extension RequestParameters {
    /// From the form in the body.
    static func form(_ request: ServiceRequest) throws(OAuthError) -> RequestParameters {
        do throws(ParameterFault) { return try RequestParameters(form: request) } catch { throw OAuthError(error) }
    }

    /// From the query of the URI.
    static func query(_ request: ServiceRequest) throws(OAuthError) -> RequestParameters {
        do throws(ParameterFault) { return try RequestParameters(query: request) } catch { throw OAuthError(error) }
    }
}
