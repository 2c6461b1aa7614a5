import NIOCore

/// Stands before the TLS handler until the handshake is done and says whose ClientHello is being read, so that the SNI
/// callback, which is told nothing about the connection, can hand the name to it. A client that offers protocols and none
/// of the gateway's is refused here, since NIOSSL would go on without one.
final class ClientHelloTap: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer
    static let name = "client-hello"

    private let loop: TransportLoop
    private let connection: HTTP1ServerConnection
    private let protocols: [[UInt8]]
    private var hello = ClientHelloReader()

    init(loop: TransportLoop, connection: HTTP1ServerConnection, protocols: [[UInt8]]) {
        self.loop = loop
        self.connection = connection
        self.protocols = protocols
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let octets = unwrapInboundIn(data)
        if !hello.isDone, let offered = hello.read(octets.readableBytesUInt8Span),
            !offered.contains(where: protocols.contains)
        {
            connection.handshakeFailed(.noApplicationProtocol)
            let alert = context.channel.allocator.buffer(bytes: Self.noApplicationProtocol)
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
            context.close(promise: nil)
            return
        }
        loop.handshaking = connection
        context.fireChannelRead(data)
        loop.handshaking = nil
    }

    /// A fatal alert (RFC 8446 §6, RFC 7301 §3.2): nothing is encrypted yet.
    private static let noApplicationProtocol: [UInt8] = [21, 3, 3, 0, 2, 2, 120]
}
