/// How a connection stands after an answer was read.
package enum ConnectionEnding: Sendable, Equatable {
    /// Still open: another request could follow.
    case open
    /// The other side said that it sends no more, and closed (with TLS: close_notify, then FIN).
    case closed
    /// FIN without close_notify: someone on the way could have cut the answer off.
    case cutOff
    /// RST.
    case reset
}

/// An answer as a raw client reads it.
package struct RawAnswer: Sendable {
    package let head: MessageHead
    package let status: Int
    /// Without chunk framing.
    package let body: [UInt8]
    package let trailers: [HeaderField]
    /// The body came to the end that its framing promises.
    package let isComplete: Bool
    /// Heads of 1xx answers that came before.
    package let informational: [MessageHead]

    package var fields: [HeaderField] { head.fields }
    package func value(_ name: String) -> String? { head.value(name) }
    package var text: String { String(decoding: body, as: UTF8.self) }
}
