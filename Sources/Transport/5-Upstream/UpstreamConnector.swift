import NIOCore
import NIOPosix
import NIOSSL

/// Opens connections to one endpoint. Off the request path.
protocol UpstreamConnector {
    /// Opens a channel on the loop and puts the connection into its pipeline. If that fails, `connectFailed` says so.
    func connect(_ connection: HTTP1UpstreamConnection, on loop: TransportLoop)
}

/// Opens them over TCP, and TLS if there is any.
struct SocketConnector: UpstreamConnector {
    let host: String
    let port: Int
    let tls: ClientTLS?
    /// nil: the host is an address.
    let resolver: EndpointResolver?

    func connect(_ connection: HTTP1UpstreamConnection, on loop: TransportLoop) {
        let bound = NIOLoopBound(connection, eventLoop: loop.eventLoop)
        let tls = self.tls
        ClientBootstrap(group: loop.eventLoop)
            .resolver(resolver.map { ResolvedName(addresses: $0.resolve()) })
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(TransportBounds.unsentBytes, value: TransportBounds.unsentBytesMax)
            .connectTimeout(.nanoseconds(loop.timeouts.upstreamConnect))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(try tls.makeHandler()) }
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: host, port: port)
            .assumeIsolated()
            .whenFailure { error in connection.connectFailed(error) }
    }
}
