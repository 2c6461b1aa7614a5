package import HTTP

/// Who decides about one exchange, called on its event loop. In HTTP/1.1, where one exchange serves the requests of a
/// connection one after the other, so does its delegate; what it knows of a request ends with `exchangeEnded`.
package protocol ExchangeDelegate: AnyObject, SendableMetatype {
    /// A request head has arrived. The delegate answers, forwards, or keeps the exchange to do so later.
    func exchangeBegan()
    /// What arrived is not a request. `exchange.head` holds whatever was understood.
    func exchangeRefused(_ error: HeadError)
    /// The client did not send its request head or body in time. Answer or let the connection close.
    func exchangeTimedOut()
    /// The request's body came too slowly in the long run (`TransferLimits`), before any answer was begun.
    func exchangeTooSlow()
    /// The body grew beyond `exchange.bodyBytesMax`, before any answer was begun.
    func exchangeBodyTooLarge()
    /// The request body is not well framed, before any answer was begun.
    func exchangeBodyRefused(_ error: HeadError)
    /// The whole body, asked for with `collectBody`.
    func exchangeCollected(body: [UInt8])
    /// The whole answer of an upstream, asked for with `answerBytesMax`. The delegate passes it on
    /// (`passCollectedAnswer`), or answers something else.
    func exchangeCollectedAnswer(_ head: borrowing ResponseHead, body: [UInt8])
    /// The upstream's answer grew beyond `answerBytesMax`. None of it has reached the client; answer.
    func exchangeAnswerTooLarge()
    /// Whether a trailer field of the request may reach the upstream; asked for each, before the body ends.
    func passesTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool
    /// Whether a trailer field of an upstream's answer may reach the client; asked for each, before the answer ends.
    func passesResponseTrailer(_ field: Field, of trailers: borrowing FieldBlock) -> Bool
    /// Whether a `Set-Cookie` field of an upstream's answer, final or interim, may reach the client.
    func passesCookie(_ field: Field, of head: borrowing ResponseHead) -> Bool
    /// The upstream's final head arrived; appends fields that the client shall get besides.
    /// - Parameter answerIsHTTP10: the upstream spoke HTTP/1.0, as `Via` tells.
    func appendResponseFields(to fields: inout FieldList, answerIsHTTP10: Bool)
    /// Forwarding failed before the first octet of an answer. Forward again, or answer.
    func forwardFailed(_ failure: ForwardFailure)
    /// The exchange is over, whatever happened; called exactly once for each that began (or was refused).
    func exchangeEnded(_ ending: ExchangeEnding)
}

extension ExchangeDelegate {
    /// As one that stands still.
    package func exchangeTooSlow() { exchangeTimedOut() }
    /// All of them.
    package func passesCookie(_ field: Field, of head: borrowing ResponseHead) -> Bool { true }
}

/// What a client's connection contributes to the exchanges on it, made once when it opens.
package protocol ConnectionDelegate: AnyObject {
    /// The delegate of a new exchange on this connection. It may keep `exchange`, which lives longer.
    func makeDelegate(for exchange: Exchange) -> any ExchangeDelegate
}

/// Who decides about the connections of one event loop.
package protocol ExchangeDelegateFactory: AnyObject, SendableMetatype {
    /// A client has connected, before any handshake. False: it is not wanted, and closed at once. `now` is in monotonic
    /// nanoseconds.
    func acceptsConnection(from address: String, now: Int64) -> Bool
    /// A connection is open: after the handshake, where there is one.
    func connectionOpened(_ peer: Peer) -> any ConnectionDelegate
    /// A connection came to its end in the handshake; for counters and logs. `now` is in monotonic nanoseconds.
    func connectionFailed(from address: String, reason: HandshakeFailure, now: Int64)
}

extension ExchangeDelegateFactory {
    /// Everybody is welcome.
    package func acceptsConnection(from address: String, now: Int64) -> Bool { true }
}

/// Why an upstream did not answer.
package struct ForwardFailure: Sendable, Equatable {
    /// What went wrong on the upstream's side. It decides about the answer (502 or 504) and whether a retry is safe.
    package enum Reason: Sendable, Equatable {
        /// TCP connect refused, unreachable, or name not resolved.
        case unreachable
        /// Connected, but TLS failed: untrusted, expired, or our certificate was refused.
        case tlsFailed
        /// TLS succeeded but the certificate does not carry the configured identity.
        case wrongIdentity
        /// No connection within `TransportTimeouts.upstreamConnect`.
        case connectTimeout
        /// The request was sent, and no answer began in time.
        case firstByteTimeout
        /// The connection was closed before an answer began.
        case closedEarly
        /// The upstream says that it has not begun to process the request, so that it may be sent again whatever its
        /// method (RFC 9113 §8.7). HTTP/1.1 has no way to say so.
        case notProcessed
        /// What it sent is not an HTTP answer.
        case badResponse
        /// All connections are in use and the line is full.
        case tooManyWaiting
        /// This machine, not the upstream, lacks what a connection needs: descriptors, memory, a local port.
        case noResources
    }
    package let reason: Reason
    /// The connection had served before, and was closed before any octet of this answer.
    package let onReusedConnection: Bool
    /// No octet of the request body has been passed on, so the request can be sent again.
    package let bodyUntouched: Bool
    /// The client owed more of the body, and all that it had sent was on its way: the upstream may well have waited for it.
    package let clientOwedBody: Bool
    /// No octet of the request can have reached the upstream.
    package let nothingSent: Bool
    /// The same, as precisely as operators want to know it; nothing is decided by this.
    package let detail: UpstreamFailure
}

/// How an exchange ended.
package enum ExchangeEnding: Sendable, Equatable {
    /// A whole answer was handed to the socket.
    case complete
    /// The client went away before the answer was whole.
    case clientGone
    /// The upstream broke off in the middle of its answer, which was broken off towards the client too.
    case upstreamBrokeOff
    /// Nothing moved in time in the middle of the answer.
    case stalled
    /// The client took its answer, or sent its body while it got one, too slowly in the long run.
    case clientTooSlow
    /// The gateway is going down and did not wait any longer.
    case shutDown
}
