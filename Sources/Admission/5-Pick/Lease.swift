/// The right to send one request to one endpoint. It counts as in flight there until the lease ends, however it ends.
package struct Lease: ~Copyable, Sendable {
    /// Place in the upstream's list of endpoints.
    package let endpoint: Int
    package let health: EndpointHealth
    private let ejection: EndpointHealth.Ejection
    private let isProbe: Bool

    init(endpoint: Int, health: EndpointHealth, ejection: EndpointHealth.Ejection, isProbe: Bool) {
        self.endpoint = endpoint
        self.health = health
        self.ejection = ejection
        self.isProbe = isProbe
        health.begin()
    }

    /// The endpoint answered: any well-formed head of an answer that the gateway does not count as a failure.
    package borrowing func succeeded(now: Int64) {
        health.succeeded(isProbe: isProbe, now: now)
    }

    /// The endpoint failed: not reached, wrong identity, no answer in time, an answer that is none.
    package borrowing func failed(now: Int64) {
        health.failed(ejection, isProbe: isProbe, now: now)
    }

    deinit {
        health.end()
    }
}
