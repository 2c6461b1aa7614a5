/// An answer as libcurl understood it.
package struct CurlResponse: Sendable {
    /// Of the final answer.
    package internal(set) var status = 0
    package internal(set) var fields: [HeaderField] = []
    /// The first 16 MiB of the body.
    package internal(set) var body: [UInt8] = []
    /// All octets of the body.
    package internal(set) var bodyCount = 0
    /// SHA-256 of the whole body.
    package internal(set) var bodySHA256 = ""
    /// What came behind a body in chunks.
    package internal(set) var trailers: [HeaderField] = []
    /// Statuses of the 1xx answers that came before.
    package internal(set) var informational: [Int] = []
    /// `TLSv1.3`
    package internal(set) var tlsVersion: String?
    /// The certificate that the server showed.
    package internal(set) var peer: PeerCertificate?
    /// Connections that were opened for this transfer: 0 when an open one was used again.
    package internal(set) var connectCount = 0
    /// Octets of the request's body that were sent.
    package internal(set) var sentCount = 0
    /// The port of this side, by which an audit record knows the connection.
    package internal(set) var localPort = 0

    /// The field's first value, whatever the case of its name; nil: there is none.
    package func value(_ name: String) -> String? { fields.value(name) }
    /// Of all its occurrences, in their order.
    package func values(_ name: String) -> [String] { fields.values(name) }
    /// The body, as UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }

    static let bodyKeptMax = 16 * 1_048_576
}

/// A transfer failed; `partial` is what had arrived until then.
package struct CurlFailure: Error, CustomStringConvertible {
    /// What went wrong, for tests that expect it.
    package enum Kind: Sendable, Equatable {
        case couldNotConnect
        /// The handshake failed, or TLS broke off; `description` has OpenSSL's words.
        case tls
        /// The server's certificate is not vouched for, or names somebody else.
        case serverNotTrusted
        /// The answer ended before its framing says so, or there was none.
        case cutShort
        case timeout
        /// As the request wished.
        case aborted
        /// Another error of libcurl's, by its number (`CURLcode`).
        case code(Int)
    }
    package let kind: Kind
    package let description: String
    /// What had arrived until then.
    package let partial: CurlResponse
}
