import DataPlane
import HTTP
import JSON

/// A JWK Set (RFC 7517 §5) that changes with the policy only.
struct KeySetService: LocalService {
    private let body: [UInt8]

    init(_ keySet: JSON) { body = keySet.serialized() }

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        ServiceResponse(
            status: 200, fields: [("Content-Type", "application/jwk-set+json"), ("Cache-Control", "max-age=300")],
            body: body)
    }
}
