import AuthorizationRecords
import Crypto
import HTTP
import JSON

extension ServiceResponse {
    /// An answer that nobody may keep (RFC 6749 §5.1).
    static func json(status: Int, _ body: JSONObject, fields: [Field] = []) -> ServiceResponse {
        ServiceResponse(
            status: status,
            fields: [
                ("Content-Type", "application/json"), ("Cache-Control", "no-store"), ("Pragma", "no-cache"),
                ("X-Content-Type-Options", "nosniff"),
            ] + fields,
            body: JSON.object(body).serialized())
    }

    /// A document for everybody. A quarter of an hour: far below the time for which a new key is announced.
    static func published(_ document: JSON) -> ServiceResponse {
        ServiceResponse(
            status: 200,
            fields: [
                ("Content-Type", "application/json"), ("Cache-Control", "public, max-age=900"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: document.serialized())
    }

    static func methodNotAllowed(allow: String) -> ServiceResponse {
        refusal(status: 405, "this endpoint does not take this method", fields: [("Allow", allow)])
    }

    static var contentTooLarge: ServiceResponse {
        refusal(status: 413, "the body is larger than this endpoint takes")
    }

    static var noSuchEndpoint: ServiceResponse { refusal(status: 404, "there is no such endpoint") }

    private static func refusal(status: Int, _ description: String, fields: [Field] = []) -> ServiceResponse {
        var response = json(
            status: status, ["error": "invalid_request", "error_description": .string(description)], fields: fields)
        response.facts.error = "invalid_request"
        return response
    }
}

extension ServiceFacts {
    /// What stands for a token here: as the gateway has it for the tokens of requests.
    static func digest(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}
