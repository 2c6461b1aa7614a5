/// A service behind the gateway.
package struct Upstream: Sendable, Equatable {
    /// Which endpoint gets the next request, among those that are healthy.
    package enum Balancing: String, Sendable, Equatable, CaseIterable {
        /// The one with the fewest requests in progress.
        case leastRequest = "least_request"
        /// One after the other.
        case roundRobin = "round_robin"
    }
    /// What routes name it by; in records and health.
    package var name: String
    /// Never empty.
    package var endpoints: [Endpoint]
    /// nil only with `insecure_plaintext: true`.
    package var tls: UpstreamTLS?
    package var balancing: Balancing
    /// Open connections at most to one endpoint from one event loop.
    package var connectionsPerWorkerMax: Int
    /// Requests of one client address that are under way to one endpoint, or wait for it, on one event loop; nil: the
    /// default, which leaves a quarter of the connections to others.
    package var requestsPerClientMax: Int?
    /// Of these, tunnels, and requests that may become one; nil: the default, which is half of them.
    package var tunnelsPerClientMax: Int?
    /// Consecutive failures that eject an endpoint; 0 switches ejection off.
    package var ejectAfterFailures: Int
    /// First ejection; each further one in a row lasts one such time longer, ten times at the most.
    package var ejectionTime: Duration
    /// Retry once on another endpoint when that is safe.
    package var retry: Bool
    package var headers: UpstreamHeaders
    /// nil: the gateway's own.
    package var firstByteTimeout: Duration?
    /// `aud` of the token that the gateway signs for it, instead of header fields; nil: none.
    package var tokenAudience: String?

    package init(
        name: String, endpoints: [Endpoint], tls: UpstreamTLS?, balancing: Balancing, connectionsPerWorkerMax: Int,
        ejectAfterFailures: Int, ejectionTime: Duration, retry: Bool, headers: UpstreamHeaders,
        firstByteTimeout: Duration?
    ) {
        self.name = name
        self.endpoints = endpoints
        self.tls = tls
        self.balancing = balancing
        self.connectionsPerWorkerMax = connectionsPerWorkerMax
        self.ejectAfterFailures = ejectAfterFailures
        self.ejectionTime = ejectionTime
        self.retry = retry
        self.headers = headers
        self.firstByteTimeout = firstByteTimeout
    }
}

/// One address of an upstream.
package struct Endpoint: Sendable, Equatable, Hashable, CustomStringConvertible {
    /// Host name or IP address, without brackets.
    package var host: String
    /// 1 to 65535.
    package var port: Int
    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
    /// `host:port`, an IPv6 address in brackets.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Whom the gateway expects at an upstream, and what it shows there.
package struct UpstreamTLS: Sendable, Equatable {
    /// PEM file of the authorities that may vouch for the upstream.
    package var authorities: String
    /// What the gateway shows; nil: nothing.
    package var certificate: CertificateFiles?
    /// nil only with `insecure_any_identity: true`.
    package var identity: UpstreamIdentity?
    /// Older versions are refused in the handshake.
    package var minimumVersion: TLSVersion
    package init(
        authorities: String, certificate: CertificateFiles?, identity: UpstreamIdentity?, minimumVersion: TLSVersion
    ) {
        self.authorities = authorities
        self.certificate = certificate
        self.identity = identity
        self.minimumVersion = minimumVersion
    }
}

/// Whom an upstream's certificate must name.
package enum UpstreamIdentity: Sendable, Equatable, Hashable {
    /// Exactly one URI SAN, equal to this SPIFFE ID.
    case spiffe(String)
    /// A DNS SAN equal to this name (also sent as SNI).
    case dns(String)
}

/// The headers that tell an upstream who calls. A nil name: not sent (but still stripped under its default name).
package struct UpstreamHeaders: Sendable, Equatable {
    /// `sub` of the token.
    package var subject: String? = "X-Auth-Subject"
    /// `client_id` of the token.
    package var clientID: String? = "X-Auth-Client-Id"
    /// Its scopes, with spaces between them.
    package var scope: String? = "X-Auth-Scope"
    /// The identifier of its issuer.
    package var issuer: String? = "X-Auth-Issuer"
    /// `Forwarded` (RFC 7239).
    package var forwarded = true
    /// `X-Forwarded-For`, `-Proto`, `-Host`.
    package var xForwarded = true
    /// Fields of `BelievedFields` that clients may send nevertheless.
    package var pass: [String] = []
    /// Fields that clients may not send besides.
    package var remove: [String] = []
    package init() {}
}

extension Upstream {
    /// A client that waits in line counts too, so the default is for large pools only: where there are few connections,
    /// standing in line is the rule.
    private static let sharedConnectionsMin = 16

    /// What is in force; nil: no bound of its own.
    package var requestsPerClientBound: Int? {
        if let requestsPerClientMax { return requestsPerClientMax }
        guard connectionsPerWorkerMax >= Self.sharedConnectionsMin else { return nil }
        return connectionsPerWorkerMax - connectionsPerWorkerMax / 4
    }

    /// What is in force for tunnels, which last; nil: no bound of its own.
    package var tunnelsPerClientBound: Int? {
        tunnelsPerClientMax ?? requestsPerClientBound.map { max(1, $0 / 2) }
    }
}
