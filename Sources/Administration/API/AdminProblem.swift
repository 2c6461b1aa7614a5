import AuthorizationRecords
import HTTP
import JSON

/// Why the API refuses: a stable word, its status and a sentence. `docs/admin.md` lists them all, and a test compares.
enum AdminProblem: String, Error, CaseIterable, Sendable {
    case noSuchResource = "no_such_resource"
    case methodNotAllowed = "method_not_allowed"
    case originRefused = "origin_refused"
    case unsupportedMediaType = "unsupported_media_type"
    case badDocument = "bad_document"
    case badMember = "bad_member"
    case badQuery = "bad_query"
    case refused = "refused"
    case conflict = "conflict"
    case preconditionRequired = "precondition_required"
    case preconditionFailed = "precondition_failed"
    case auditUnavailable = "audit_unavailable"
    case storeUnavailable = "store_unavailable"
    case damagedRecord = "damaged_record"
    case busy = "busy"

    var status: Int {
        switch self {
        case .noSuchResource: 404
        case .methodNotAllowed: 405
        case .originRefused: 403
        case .unsupportedMediaType: 415
        case .badDocument, .badMember, .badQuery: 400
        case .refused: 422
        case .conflict: 409
        case .preconditionRequired: 428
        case .preconditionFailed: 412
        case .damagedRecord: 500
        case .auditUnavailable, .storeUnavailable, .busy: 503
        }
    }

    private var title: String {
        switch status {
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 428: "Precondition Required"
        case 500: "Internal Server Error"
        default: "Service Unavailable"
        }
    }

    private var sentence: String {
        switch self {
        case .noSuchResource: "There is no such resource."
        case .methodNotAllowed: "This resource does not take this method; Allow lists those that it takes."
        case .originRefused: "Pages in browsers may not use this interface."
        case .unsupportedMediaType:
            "The body must be application/json; of PATCH, application/merge-patch+json or application/json."
        case .badDocument: "The body must be one JSON object, without members that stand there twice."
        case .badMember: "A member is unknown, missing, of the wrong type, or not to be changed."
        case .badQuery: "A parameter of the query is unknown, repeated or malformed."
        case .refused: "What is asked for cannot be."
        case .conflict: "It conflicts with an existing object."
        case .preconditionRequired: "Send If-Match with the ETag that you have seen (RFC 6585 §3)."
        case .preconditionFailed: "It is another version by now: read it again, and decide anew."
        case .auditUnavailable: "The change could not be recorded, so it was not made."
        case .storeUnavailable:
            "The database does not answer as it should; whether the change was made is not known. Read before you try again."
        case .damagedRecord:
            "A record that this needs is damaged and cannot be read; restore the database from a backup, or delete the row."
        case .busy: "Too many passwords are being set; nothing was changed."
        }
    }

    /// RFC 9457.
    /// - Parameter detail: instead of the fixed sentence; never holds what was sent as a secret.
    func response(requestID: String, detail: String? = nil, fields: [ServiceResponse.Field] = []) -> ServiceResponse {
        var body: JSONObject = [
            "type": "about:blank", "title": .string(title), "status": .integer(Int64(status)),
            "code": .string(rawValue),
            "detail": .string(detail ?? sentence),
        ]
        if !requestID.isEmpty { body["request_id"] = .string(requestID) }
        var fields = fields
        if status == 503 { fields.append(("Retry-After", "5")) }
        var response = ServiceResponse.admin(status, .object(body), type: "application/problem+json", fields: fields)
        response.facts.error = rawValue
        return response
    }
}

/// A problem with more to say than its sentence.
struct AdminRefusal: Error {
    let problem: AdminProblem
    var detail: String?
    var fields: [ServiceResponse.Field] = []

    init(_ problem: AdminProblem, _ detail: String? = nil, fields: [ServiceResponse.Field] = []) {
        self.problem = problem
        self.detail = detail
        self.fields = fields
    }
}

extension ServiceResponse {
    /// Nobody may keep it: it may hold a secret, and it is old with the next change.
    static func admin(_ status: Int, _ body: JSON?, type: String = "application/json", fields: [Field] = [])
        -> ServiceResponse
    {
        let own: [Field] = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]
        guard let body else { return ServiceResponse(status: status, fields: own + fields) }
        return ServiceResponse(
            status: status, fields: [("Content-Type", type)] + own + fields, body: body.serialized() + [0x0A])
    }
}
