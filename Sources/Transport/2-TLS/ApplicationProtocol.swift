/// What two ends can agree to speak on a TLS connection (RFC 7301), by its registered name.
package enum ApplicationProtocol: String, Sendable, CaseIterable {
    /// HTTP/1.1 (RFC 9112)
    case http1 = "http/1.1"

    /// As the extension of the handshake has it.
    package var wireName: String { rawValue }
}
