package import HTTP

/// What a proof is compared with: the method and the URL that the client used, as they reached the gateway (scheme of
/// the connection, `Host`, path before any rewrite). Fields such as `X-Forwarded-Host` have no say.
package struct ProvedRequest: Sendable {
    let method: [UInt8]
    let isTLS: Bool
    /// Lower-case, without trailing dot.
    let host: [UInt8]
    let port: Int
    /// Normalised.
    let path: [UInt8]

    /// For records.
    package var methodText: String { String(decoding: method, as: UTF8.self) }

    /// The URL, for records: what `htu` is expected to be.
    package var target: String {
        let authority =
            String(decoding: host, as: UTF8.self) + (port == ProofTarget.defaultPort(isTLS) ? "" : ":\(port)")
        return "\(isTLS ? "https" : "http")://\(authority)\(String(decoding: path, as: UTF8.self))"
    }

    /// - Parameter isTLS: the connection has TLS.
    package init(_ head: borrowing RequestHead, isTLS: Bool) {
        self.init(
            method: Array(head.octets(head.methodText)), isTLS: isTLS, host: Array(head.octets(head.host)),
            port: head.port,
            path: Array(head.octets(head.path)))
    }

    package init(_ request: ServiceRequest) {
        self.init(
            method: Array(request.method.utf8), isTLS: request.isTLS, host: Array(request.host.utf8),
            port: request.port,
            path: Array(request.path.utf8))
    }

    private init(method: [UInt8], isTLS: Bool, host: [UInt8], port: Int?, path: [UInt8]) {
        self.method = method
        self.isTLS = isTLS
        self.host = host
        self.port = port ?? ProofTarget.defaultPort(isTLS)
        self.path = path
    }
}
