import NIOCore

/// Stands before the TLS handler once the client has sent its close_notify, and says when FIN comes too: the TLS handler
/// keeps that to itself.
final class SocketEndTap: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTP1ServerConnection

    init(connection: HTTP1ServerConnection) { self.connection = connection }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed = event as? ChannelEvent { connection.socketEnded() }
        context.fireUserInboundEventTriggered(event)
    }
}
