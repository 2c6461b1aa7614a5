/// How the end of a message's body is known (RFC 9112 §6.3).
package enum BodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// So many octets follow.
    case length(Int)
    case chunked
    /// The body ends with the connection; answers only.
    case untilClose
    /// Not a body: octets pass through in both directions from here on (101).
    case tunnel
}
