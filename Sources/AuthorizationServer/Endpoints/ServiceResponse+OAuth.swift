import AuthorizationRecords
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

    /// Scripts of any origin may read it: applications in browsers are clients, too (RFC 9700 §2.6). No cookie says
    /// anything where this is sent.
    static let anyOrigin: Field = ("Access-Control-Allow-Origin", "*")

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
        json(
            status: 405, ["error": "invalid_request", "error_description": "this endpoint does not take this method"],
            fields: [("Allow", allow)])
    }

    static var contentTooLarge: ServiceResponse {
        json(
            status: 413,
            ["error": "invalid_request", "error_description": "the body is larger than this endpoint takes"])
    }
}
