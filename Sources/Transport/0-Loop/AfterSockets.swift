import Glibc
import NIOCore
import NIOPosix

/// Work that an event loop does after it has looked at its sockets again. Work that is due at once, or was due a moment ago,
/// the loop does before: whoever asked for more of it each time would keep it from its sockets for ever. What comes out of a
/// pipe is read when the sockets are.
final class AfterSockets: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let work: () -> Void
    private var channel: (any Channel)?
    private let octet = ByteBuffer(bytes: [0])

    private init(_ work: @escaping () -> Void) { self.work = work }

    /// To be called on the loop.
    static func open(on eventLoop: any EventLoop, _ work: @escaping () -> Void) -> EventLoopFuture<
        NIOLoopBound<AfterSockets>
    > {
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { return eventLoop.makeFailedFuture(IOError(errnoCode: errno, reason: "pipe")) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let handler = NIOLoopBound(AfterSockets(work), eventLoop: eventLoop)
        return NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .takingOwnershipOfDescriptors(input: ends[0], output: ends[1])
            .map { channel in
                handler.value.channel = channel
                return handler
            }
    }

    /// Once for each call; calls that come before the loop has looked at its sockets may count as one.
    func wake() { channel?.writeAndFlush(octet, promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { work() }
}
