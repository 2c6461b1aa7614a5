package import AuthorizationRecords
package import HTTP
package import Policy

/// One address of the authorization server: a request in, an answer out.
package protocol ServerEndpoint: Sendable {
    /// Answers one request. Method and size of the body have been checked; nothing else has.
    func answer(_ call: EndpointCall) async -> ServiceResponse
}

/// A request with what no deciding module finds out by itself.
package struct EndpointCall: Sendable {
    package let request: ServiceRequest
    /// Seconds since 1970.
    package let now: Int64
    /// The same moment on a clock that nobody sets; nanoseconds.
    package let monotonic: Int64
    /// For whatever secrets the answer needs.
    package let random: Randomness
    /// How pages are shown at this moment.
    package let pages: PageSettings

    package init(
        request: ServiceRequest, now: Int64, monotonic: Int64, random: Randomness, pages: PageSettings = PageSettings()
    ) {
        self.request = request
        self.now = now
        self.monotonic = monotonic
        self.random = random
        self.pages = pages
    }
}

extension EndpointCall {
    /// Whoever sends it without having shown who they are.
    package var sender: RequestSender { .address(AddressBlock(of: request.clientAddress)) }
}
