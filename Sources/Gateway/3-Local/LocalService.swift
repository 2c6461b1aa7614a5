import HTTP

/// A service inside the process: a route's destination beside the upstreams, reached through the same walk.
protocol LocalService: Sendable {
    func answer(_ request: ServiceRequest) async -> ServiceResponse
}
