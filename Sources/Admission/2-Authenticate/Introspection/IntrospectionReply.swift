/// What an introspection endpoint sent back, as it came.
package struct IntrospectionReply: Sendable {
    /// HTTP status. Redirects have not been followed.
    package var status: Int
    /// As it was sent, with its parameters; nil: there was none.
    package var contentType: String?
    /// Not decoded; `bytesMax` octets at most.
    package var body: [UInt8]

    /// Octets of an answer at most: many times what any issuer says of a token.
    package static let bytesMax = 65_536

    package init(status: Int, contentType: String? = "application/json", body: [UInt8]) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }
}

/// Why nothing could be found out about a token: never that the token is bad. A closed list; `rawValue` is stable and
/// stands in health and in the log.
package enum IntrospectionFailure: String, Error, Sendable, CaseIterable {
    // What the transport says
    case unreachable = "unreachable"
    case tlsFailed = "tls_failed"
    case timeout = "timeout"
    case tooLarge = "too_large"
    case forbiddenAddress = "forbidden_address"
    case badAnswer = "bad_answer"
    /// Files or secrets of the asking cannot be used.
    case badSettings = "bad_settings"

    // What stands in the answer
    case redirected = "redirected"
    /// 401 or 403: the endpoint does not accept the gateway as a client.
    case unauthorized = "unauthorized"
    /// 400 and the like: it does not accept the question.
    case refusedRequest = "refused_request"
    case badStatus = "bad_status"
    case wrongContentType = "wrong_content_type"
    case notJSON = "not_json"

    // A signed answer (RFC 9701)
    case malformedJWT = "malformed_response_jwt"
    /// `typ`, `iss`, `aud` or `iat` is not that of an answer to this gateway.
    case foreignJWT = "foreign_response_jwt"
    case badSignature = "bad_response_signature"
    /// The issuer's keys are not there, or that of the answer is not among them.
    case unknownKey = "unknown_response_key"

    /// It says something about the endpoint. What only the question may have brought about does not count: else whoever
    /// sends odd tokens could have an issuer taken for dead.
    var countsAgainstEndpoint: Bool { self != .refusedRequest }

    /// The connection broke, perhaps because it had been idle for too long: asking again at once is worth it.
    var isWorthAnotherTry: Bool { self == .unreachable || self == .badAnswer }
}
