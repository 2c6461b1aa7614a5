import HTTP

/// One address of the authorization server: a request in, an answer out.
protocol Endpoint: Sendable {
    /// In the order of `Allow`.
    var methods: [String] { get }
    func answer(_ call: EndpointCall) async -> ServiceResponse
}

/// A request with what no room of decisions finds out by itself.
struct EndpointCall: Sendable {
    let request: ServiceRequest
    /// Seconds since 1970.
    let now: Int64
    let random: Randomness
}

/// A document that is made without looking at the request.
struct PublishedDocument: Endpoint {
    let methods = ["GET", "HEAD"]
    let response: @Sendable (_ now: Int64) -> ServiceResponse

    func answer(_ call: EndpointCall) async -> ServiceResponse { response(call.now) }
}
