/// The head of a request (RFC 9112 §3), understood: method, target, host, path, framing.
///
/// One for each connection: `HeadParser.parseRequest` refills it for each request without allocating. Holding a copy
/// makes the next request allocate.
package struct RequestHead: Sendable {
    /// The scheme that an absolute-form target names.
    package enum Scheme: UInt8, Sendable, Equatable { case http, https }

    /// Octets and fields.
    package internal(set) var block = FieldBlock()

    /// `other`: one that has no rules of its own here; `methodText` has its name.
    package internal(set) var method = Method.other
    /// As it was sent.
    package internal(set) var methodText = Slice()
    /// As it was sent.
    package internal(set) var target = Slice()
    /// HTTP/1.0; otherwise 1.1. Other versions are refused.
    package internal(set) var isHTTP10 = false
    /// nil unless the target was a whole URI; the transport knows whether it fits the connection.
    package internal(set) var targetScheme: Scheme?
    /// In lower case, without port and trailing dot; an IPv6 address keeps its brackets.
    package internal(set) var host = Slice()
    /// As `Host` (or the target) names it; nil: the scheme's own.
    package internal(set) var port: Int?
    /// Normalised: what is judged and what is forwarded. `*` for `OPTIONS *`.
    package internal(set) var path = Slice()
    /// Without its `?`; as it was sent, but for octets above 0x7F, which are percent-encoded.
    package internal(set) var query: Slice?
    /// What of the path was irregular.
    package internal(set) var pathFeatures: PathFeatures = []
    /// `none`, `length` or `chunked`.
    package internal(set) var framing = BodyFraming.none
    /// Another request may follow on this connection, as far as the client is concerned.
    package internal(set) var keepAlive = false
    /// The client waits for 100 before it sends the body.
    package internal(set) var expectsContinue = false
    /// The value of `Upgrade`, when `Connection` names it.
    package internal(set) var upgrade: Slice?

    package init() {}

    /// Forgets the last request; keeps the memory.
    mutating func clear() {
        block.clear()
        method = .other
        methodText = Slice()
        target = Slice()
        isHTTP10 = false
        targetScheme = nil
        host = Slice()
        port = nil
        path = Slice()
        query = nil
        pathFeatures = []
        framing = .none
        keepAlive = false
        expectsContinue = false
        upgrade = nil
    }
}
