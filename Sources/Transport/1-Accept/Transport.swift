package import HTTP
import NIOCore
import NIOPosix
import NIOSSL
import Octets

/// The event loops and the listeners: sockets in, exchanges out. `Delegates` decides about what comes, on each loop.
package final class Transport<Delegates: ExchangeDelegateFactory>: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let seats: [LoopSeat<Delegates>]
    private let faults: ResourceFaults

    /// Starts `loops` event loops and makes, on each of them, whoever decides about its exchanges.
    package init(
        loops: Int, timeouts: TransportTimeouts, faults: ResourceFaults = ResourceFaults(),
        delegates: @escaping @Sendable (TransportLoop) -> Delegates
    ) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, loops))
        var seats: [LoopSeat<Delegates>] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            seats.append(
                try await eventLoop.flatSubmit {
                    let loop = TransportLoop(index: index, eventLoop: eventLoop, timeouts: timeouts, faults: faults)
                    loop.startSweeping()
                    let seat = LoopSeat(loop: loop, delegates: delegates(loop))
                    return loop.openAfterSockets().map { seat }
                }.get())
        }
        self.seats = seats
        self.faults = faults
    }

    /// How many event loops there are.
    package var loopCount: Int { seats.count }

    /// Runs `work` on every event loop; returns when all have.
    package func onEachLoop(
        _ work: @escaping @Sendable (TransportLoop, Delegates) -> Void
    ) async throws {
        for seat in seats {
            try await seat.eventLoop.submit { work(seat.seated.value.loop, seat.delegates.value) }.get()
        }
    }

    /// Opens a listening socket. Port 0 asks for a free one; `ListenerHandle.port` tells which it is.
    package func listen(_ settings: ListenerSettings) async throws -> ListenerHandle {
        let directory = LoopDirectory(seats)
        let tls: ServerTLS? =
            if let files = settings.tls { try ServerTLS(files, loopOf: { directory.loop(of: $0) }) } else { nil }
        let runtime = ListenerRuntime(
            name: settings.name, host: settings.host, tls: tls, headLimits: settings.headLimits,
            connectionsMax: settings.connectionsMax,
            perAddressMax: settings.connectionsPerAddressMax, tag: settings.tag)
        let faults = faults
        let channel = try await ServerBootstrap(group: group)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptFaults(faults))
                    try channel.pipeline.syncOperations.addHandler(AcceptQueue())
                }
            }
            .serverChannelOption(.backlog, value: TransportBounds.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allocator, value: PlaintextBlocks.allocator)
            // One read in each turn of the loop: fair to others, and the channel keeps as many buffers as it may fill.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: TransportBounds.clientReads)
            // A client that sends no more still gets its answer.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(TransportBounds.unsentBytes, value: TransportBounds.unsentBytesMax)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.initialize(channel, runtime: runtime, directory: directory)
                }
            }
            .bind(host: settings.host, port: settings.port)
            .get()
        return ListenerHandle(
            channel: channel, runtime: runtime, port: channel.localAddress?.port ?? settings.port, directory: directory)
    }

    /// TLS for a listener, read and checked but not in use yet.
    package func prepareTLS(_ files: ServerTLSFiles) throws(TLSSetupError) -> PreparedServerTLS {
        let directory = LoopDirectory(seats)
        return PreparedServerTLS(tls: try ServerTLS(files, loopOf: { directory.loop(of: $0) }))
    }

    private static func initialize(
        _ channel: any Channel, runtime: ListenerRuntime, directory: LoopDirectory
    ) throws {
        guard let seated = directory.seated(of: channel.eventLoop) else { throw ChannelError.ioOnClosedChannel }
        let address = ClientAddress.text(channel.remoteAddress)
        guard runtime.tag != nil || seated.delegates.acceptsConnection(from: address, now: seated.loop.now()),
            runtime.connectionOpened(address: address)
        else { throw ChannelError.ioOnClosedChannel }
        do {
            try Self.addHandlers(to: channel, runtime: runtime, seated: seated, address: address)
        } catch {
            runtime.connectionClosed(address: address)
            throw error
        }
    }

    private static func addHandlers(
        to channel: any Channel, runtime: ListenerRuntime, seated: SeatedLoop, address: String
    ) throws {
        let security = runtime.currentSecurity
        let connection = HTTP1ServerConnection(
            loop: seated.loop, listener: runtime, delegates: seated.delegates, address: address, security: security)
        let pipeline = channel.pipeline.syncOperations
        if let tls = security?.tls {
            try pipeline.addHandler(
                ClientHelloTap(loop: seated.loop, connection: connection, protocols: tls.protocols),
                name: ClientHelloTap.name)
            var configuration = NIOSSLHandler.Configuration()
            configuration.maximumPreservedOutboundBufferCapacity = TransportBounds.preservedTLSBytes
            try pipeline.addHandler(tls.handler(configuration))
        }
        try pipeline.addHandler(connection)
    }

    /// Lets what is open finish: each connection closes after the answer that it is giving, idle ones a little later.
    /// Returns when all are closed, or after `timeout`, when what is left is closed.
    /// - Parameter tagged: connections of listeners with a tag (`ListenerSettings.tag`); false: all others.
    package func drain(timeout: Duration, tagged: Bool = false) async throws {
        let end = Clock.monotonicNanoseconds() &+ timeout.nanoseconds
        while true {
            // Each time: a connection may have been accepted just before its listener closed.
            try await onEachLoop { loop, _ in
                let now = loop.now()
                for connection in loop.connections.all where connection.isTagged == tagged {
                    connection.drain(now: now)
                }
            }
            guard try await openConnections(tagged: tagged) > 0, Clock.monotonicNanoseconds() < end else { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        try await onEachLoop { loop, _ in
            for connection in loop.connections.all where connection.isTagged == tagged { connection.closeNow() }
        }
        // Their sockets close on the loops' next turns, and only then do their records.
        let closed = Clock.monotonicNanoseconds() &+ TransportBounds.closingNanoseconds
        while try await openConnections(tagged: tagged) > 0, Clock.monotonicNanoseconds() < closed {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Connections of clients, on all loops.
    private func openConnections(tagged: Bool) async throws -> Int {
        var count = 0
        for seat in seats {
            count += try await seat.eventLoop.submit {
                seat.seated.value.loop.connections.all.count { $0.isTagged == tagged }
            }.get()
        }
        return count
    }

    /// Ends the event loops; to be called when nothing is open any more.
    package func shutdown() async throws {
        try await onEachLoop { loop, _ in
            loop.stopSweeping()
            loop.onPause?()
        }
        try await group.shutdownGracefully()
    }
}

/// What a listener is opened with.
package struct ListenerSettings: Sendable {
    /// As in the policy; for logs and counters.
    package var name: String
    /// An address of this machine to bind to, or a name that resolves to one.
    package var host: String
    /// 0: a free one, which `ListenerHandle.port` then tells.
    package var port: Int
    /// nil: without TLS.
    package var tls: ServerTLSFiles?
    package var headLimits: HeadLimits
    /// Open connections of the whole listener; what comes above it is closed at once.
    package var connectionsMax: Int
    /// Open connections from one IP address.
    package var connectionsPerAddressMax: Int
    /// Tells `Peer` which of the listeners for something else than traffic this is, as whoever decides counts them; nil: it is
    /// for traffic. Only of traffic is asked whether an address is welcome.
    package var tag: Int?
    package init(
        name: String, host: String, port: Int, tls: ServerTLSFiles?, headLimits: HeadLimits = HeadLimits(),
        connectionsMax: Int = 10_000, connectionsPerAddressMax: Int = 1_024
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.tls = tls
        self.headLimits = headLimits
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
    }
}

/// An open listening socket.
package final class ListenerHandle: Sendable {
    private let channel: any Channel
    let runtime: ListenerRuntime
    private let directory: LoopDirectory
    /// The one that is bound, also where the settings said 0.
    package let port: Int

    init(channel: any Channel, runtime: ListenerRuntime, port: Int, directory: LoopDirectory) {
        self.channel = channel
        self.runtime = runtime
        self.port = port
        self.directory = directory
    }

    /// As in its settings.
    package var name: String { runtime.name }
    /// At this moment, of all loops together.
    package var openConnections: Int { runtime.openConnections }

    /// New handshakes use it; open connections keep what they have.
    package func replaceTLS(_ prepared: PreparedServerTLS) { runtime.replaceTLS(prepared.tls) }

    /// Accepts no more, but those that the kernel has completed already. They are answered with `Connection: close`.
    package func close() async {
        runtime.beginClosing()
        let directory = directory
        await AcceptQueue.close(channel) { await directory.settle() }
    }
}

/// A listener's TLS settings whose files have been read and hold together, so that putting them in force cannot fail.
package struct PreparedServerTLS: Sendable {
    let tls: ServerTLS
}

/// A loop and who decides on it, as listeners need them; touched on that loop only.
final class SeatedLoop {
    let loop: TransportLoop
    let delegates: any ExchangeDelegateFactory
    init(loop: TransportLoop, delegates: any ExchangeDelegateFactory) {
        self.loop = loop
        self.delegates = delegates
    }
}

/// The same as whoever made the transport knows them.
struct LoopSeat<Delegates: ExchangeDelegateFactory>: Sendable {
    let eventLoop: any EventLoop
    let seated: NIOLoopBound<SeatedLoop>
    let delegates: NIOLoopBound<Delegates>

    /// To be called on the loop.
    init(loop: TransportLoop, delegates: Delegates) {
        eventLoop = loop.eventLoop
        seated = NIOLoopBound(SeatedLoop(loop: loop, delegates: delegates), eventLoop: loop.eventLoop)
        self.delegates = NIOLoopBound(delegates, eventLoop: loop.eventLoop)
    }
}

/// Finds what lives on an event loop, from that event loop.
struct LoopDirectory: Sendable {
    private let seats: [ObjectIdentifier: NIOLoopBound<SeatedLoop>]

    init(_ seats: [LoopSeat<some ExchangeDelegateFactory>]) {
        self.seats = Dictionary(uniqueKeysWithValues: seats.map { (ObjectIdentifier($0.eventLoop), $0.seated) })
    }

    func seated(of eventLoop: any EventLoop) -> SeatedLoop? { seats[ObjectIdentifier(eventLoop)]?.value }
    func loop(of eventLoop: any EventLoop) -> TransportLoop? { seated(of: eventLoop)?.loop }

    /// Returns when every loop has done what it was given before.
    func settle() async { for seat in seats.values { try? await seat.eventLoop.submit {}.get() } }
}

enum ClientAddress {
    /// IP address in text; IPv4-mapped IPv6 addresses as IPv4, so that one client has one address.
    static func text(_ address: SocketAddress?) -> String {
        guard let text = address?.ipAddress else { return "unknown" }
        let mapped = "::ffff:"
        if text.hasPrefix(mapped), text.contains(".") { return String(text.dropFirst(mapped.count)) }
        return text
    }
}
