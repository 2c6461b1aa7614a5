import NIOCore

/// Stands before the TLS handler until the handshake is done and says whose ClientHello is being read, so that the SNI
/// callback, which is told nothing about the connection, can hand the name to it.
final class ClientHelloTap: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    static let name = "client-hello"

    private let loop: TransportLoop
    private let connection: HTTP1ServerConnection

    init(loop: TransportLoop, connection: HTTP1ServerConnection) {
        self.loop = loop
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        loop.handshaking = connection
        context.fireChannelRead(data)
        loop.handshaking = nil
    }
}
