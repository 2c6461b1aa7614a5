import HTTP
import NIOCore

/// One request and its answer on a connection to an upstream, whatever the version of HTTP. In HTTP/1.1 it is the
/// connection itself while it is lent; in HTTP/2 it would be one of the connection's streams.
///
/// A pool lends it, and `begin` comes first, once. It belongs to the pool again after the delegate has heard of its end
/// (`upstreamEnded`, `upstreamFailed`, `upstreamTunnelClosed`) and after `abandon`, `finishTunnel` and `giveBack`.
protocol UpstreamStream: AnyObject {
    /// The other end has proved the identity that the policy names.
    var isVerified: Bool { get }
    /// Whether more octets can be sent without piling up.
    var isWritable: Bool { get }

    /// Sends the request's head. The body follows, then `sendBodyEnd`, also when there is no body.
    /// - Parameters:
    ///   - mayBecomeTunnel: the upstream may answer with 101.
    ///   - times: that the upstream has for its answer.
    func begin(
        _ head: borrowing UpstreamRequestHead, mayBecomeTunnel: Bool, times: UpstreamTimes,
        delegate: any UpstreamStreamDelegate)
    /// A part of the request's body, in whatever delimiters the codec has chosen.
    func sendBody(_ octets: ByteBuffer)
    /// The request is whole. A body that has no trailers, or no body, has no fields here.
    func sendBodyEnd(trailers: FieldList)
    /// Sends what was written, at the end of the loop's turn at the latest.
    func flush()

    /// After `upstreamHead` with 101: octets pass through.
    func sendTunnel(_ octets: ByteBuffer)
    /// The client has left its tunnel: what it sent before still goes out.
    func finishTunnel()

    func pauseReading()
    func resumeReading()

    /// The exchange is over before its answer was.
    func abandon()
    /// Nothing was begun on it, and nothing will be.
    func giveBack()
}

/// Whoever asked a pool for a stream, and hears what becomes of it; in the gateway, an `Exchange`.
protocol UpstreamStreamDelegate: AnyObject {
    /// A stream was waited for, and here it is; `begin` it or give it back.
    func upstreamConnected(_ stream: any UpstreamStream)
    /// Follows `upstreamConnected` where that did not happen in the middle of a read from the client, whose end would
    /// flush.
    func flushUpstream()
    /// There is no stream, or it ended before the answer was whole. Nothing else follows.
    /// - Parameter detail: for records; nil: no more is known than the reason says.
    func upstreamFailed(_ reason: ForwardFailure.Reason, detail: UpstreamFailure?, onReusedConnection: Bool)

    /// An interim answer (1xx).
    func upstreamInterim(status: Int, head: borrowing ResponseHead)
    /// The final head. `framing` is how the upstream delimits the body.
    func upstreamHead(_ response: borrowing ResponseHead, framing: BodyFraming, now: Int64)
    /// A part of the answer's body, or what came through the tunnel.
    func upstreamBody(_ octets: ByteBuffer)
    /// Whether a trailer field may be part of what `upstreamEnded` brings.
    func passesTrailer(_ field: Field, ofAnswer trailers: borrowing FieldBlock) -> Bool
    /// The answer is whole. The stream has already been given back.
    func upstreamEnded(trailers: FieldList)
    /// The upstream has left the tunnel.
    func upstreamTunnelClosed()

    /// The end of one read from the upstream's socket.
    func readFromUpstreamEnded()
    func upstreamWritabilityChanged(_ writable: Bool)
}
