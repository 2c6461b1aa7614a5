import NIOCore

/// Hears of connections that could not be accepted for want of something, and pauses: the kernel keeps what waits, and
/// would say so again at once. NIO's `AcceptBackoffHandler` does not help, since the read that failed goes on.
final class AcceptFaults: ChannelInboundHandler {
    typealias InboundIn = any Channel

    /// How long no connection is asked for.
    static let pause = TimeAmount.milliseconds(100)

    private let faults: ResourceFaults

    init(_ faults: ResourceFaults) { self.faults = faults }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let kind = ResourceFaults.Kind(error) {
            faults.note(kind, now: Clock.monotonicNanoseconds())
            pause(context)
        }
        context.fireErrorCaught(error)
    }

    private func pause(_ context: ChannelHandlerContext) {
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
