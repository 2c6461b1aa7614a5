package import HTTP

/// A service inside the process: a route's destination beside the upstreams, reached through the same pipeline.
package protocol LocalService: Sendable {
    /// Called off the event loops; may suspend.
    func answer(_ request: ServiceRequest) async -> ServiceResponse
}
