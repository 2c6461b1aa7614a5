import HTTP
import LogIn

/// A document that is made without looking at the request.
struct PublishedDocument: ServerEndpoint {
    let response: @Sendable (_ now: Int64) -> ServiceResponse

    func answer(_ call: EndpointCall) async -> ServiceResponse { response(call.now) }
}
