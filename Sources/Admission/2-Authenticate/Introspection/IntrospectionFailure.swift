package import HTTP

/// Why nothing could be found out about a token: never that the token is bad. A closed list; `word` is stable and stands
/// in health and in the log.
package enum IntrospectionFailure: Error, Sendable, Equatable {
    /// There was no answer.
    case noAnswer(OutgoingFailure)

    // What stands in one
    /// Redirects are not followed: they lead where nobody configured.
    case redirected
    /// 401 or 403: the endpoint does not accept the gateway as a client.
    case unauthorized
    /// 400 and the like: it does not accept the question.
    case refusedRequest
    /// Any other that is not 200.
    case badStatus
    /// Not the one that was asked for.
    case wrongContentType
    /// Not a JSON object.
    case notJSON

    // A signed answer (RFC 9701)
    /// Not a JWS, or nothing about a token in it.
    case malformedJWT
    /// `typ`, `iss`, `aud`, or a time is not that of an answer to this gateway.
    case foreignJWT
    /// The issuer has not signed it.
    case badSignature
    /// The issuer's keys are not there, or that of the answer is not among them.
    case unknownKey

    /// As health and the log have it.
    package var word: String {
        switch self {
        case .noAnswer(let failure): failure.rawValue
        case .redirected: "redirected"
        case .unauthorized: "unauthorized"
        case .refusedRequest: "refused_request"
        case .badStatus: "bad_status"
        case .wrongContentType: "wrong_content_type"
        case .notJSON: "not_json"
        case .malformedJWT: "malformed_response_jwt"
        case .foreignJWT: "foreign_response_jwt"
        case .badSignature: "bad_response_signature"
        case .unknownKey: "unknown_response_key"
        }
    }

    /// It says something about the endpoint. What only the question may have brought about does not count: else whoever
    /// sends odd tokens could have an issuer taken for dead.
    var countsAgainstEndpoint: Bool { self != .refusedRequest }

    /// The connection broke, perhaps because it had been idle for too long: asking again at once is worth it.
    var isWorthAnotherTry: Bool { self == .noAnswer(.unreachable) || self == .noAnswer(.badAnswer) }
}
