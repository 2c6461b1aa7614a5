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
    /// Of the final answer.
    package let status: Int
    /// Without chunk framing.
    package let body: [UInt8]
    /// What came behind a body in chunks.
    package let trailers: [HeaderField]
    /// The body came to the end that its framing promises.
    package let isComplete: Bool
    /// Heads of 1xx answers that came before.
    package let informational: [MessageHead]

    package var fields: [HeaderField] { head.fields }
    /// The field's first value, whatever the case of its name; nil: there is none.
    package func value(_ name: String) -> String? { head.value(name) }
    /// The body, as UTF-8.
    package var text: String { String(decoding: body, as: UTF8.self) }
}
