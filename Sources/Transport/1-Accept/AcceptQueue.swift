import Glibc
import NIOCore

/// Connections that the kernel has completed for a listening socket and that wait to be accepted. To close the socket resets
/// them, although their clients may have sent a request; so a listener that closes first takes no new ones, accepts those
/// that there are, and closes when none is left.
///
/// As a handler it counts what was accepted: NIO sets each connection up on its own loop, and closes it if the listener is
/// closed before that is done.
final class AcceptQueue: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private var accepted = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        accepted &+= 1
        context.fireChannelRead(data)
    }

    /// Closes a listener's channel. Returns when it is closed.
    /// - Parameter settleAccepted: returns when every loop has done what it was given before.
    static func close(_ channel: any Channel, settleAccepted: @Sendable () async -> Void) async {
        let begin = Clock.monotonicNanoseconds()
        try? await channel.eventLoop.submit { refuseHandshakes(on: channel) }.get()
        while let before = try? await channel.eventLoop.submit({ try queue(of: channel).accepted }).get() {
            await settleAccepted()
            let age = Clock.monotonicNanoseconds() &- begin
            let isClosed = try? await channel.eventLoop.submit {
                let isEmpty = try length(of: channel) == 0 && queue(of: channel).accepted == before
                let closes =
                    isEmpty
                    ? age >= TransportBounds.handshakesEndNanoseconds : age >= TransportBounds.queueEndNanoseconds
                // In the same turn, so that nothing comes in between.
                if closes { channel.close(promise: nil) }
                return closes
            }.get()
            if isClosed != false { break }
            try? await Task.sleep(for: .milliseconds(5))
        }
        try? await channel.closeFuture.get()
    }

    private static func queue(of channel: any Channel) throws -> AcceptQueue {
        try channel.pipeline.syncOperations.handler(type: AcceptQueue.self)
    }

    /// Connections in the queue at this moment: for a listening socket, that is what the kernel tells in `tcpi_unacked`.
    private static func length(of channel: any Channel) -> Int {
        guard let socket = channel as? any SocketOptionProvider else { return 0 }
        let info: EventLoopFuture<tcp_info> = socket.unsafeGetSocketOption(level: .tcp, name: .init(rawValue: TCP_INFO))
        var length = 0
        // On the channel's own loop the answer is there already.
        info.assumeIsolated().whenSuccess { length = Int($0.tcpi_unacked) }
        return length
    }

    /// `struct sock_filter` and `struct sock_fprog` (linux/filter.h).
    private struct Instruction {
        var code: UInt16
        var ifTrue: UInt8 = 0
        var ifFalse: UInt8 = 0
        var value: UInt32
    }
    private struct Program {
        var length: UInt16
        var instructions: UInt
    }

    /// From here on the kernel drops segments that would begin a connection (SYN without ACK) before they reach the socket
    /// (SO_ATTACH_FILTER, classic BPF), and lets handshakes that have begun come to their end. Who is dropped tries again
    /// after a second, and is refused then, or reaches the process that listens on the port by then. Where the system does
    /// not do this, connections that come until the queue is empty are accepted.
    private static func refuseHandshakes(on channel: any Channel) {
        guard let socket = channel as? any SocketOptionProvider else { return }
        let instructions = [
            // The flags of the TCP header, without all but SYN (0x02) and ACK (0x10).
            Instruction(code: BPF.loadOctet, value: 13),
            Instruction(code: BPF.and, value: 0x12),
            Instruction(code: BPF.ifEqual, ifFalse: 1, value: 0x02),
            Instruction(code: BPF.end, value: 0),
            Instruction(code: BPF.end, value: .max),
        ]
        instructions.withUnsafeBufferPointer { pointer in
            let program = Program(
                length: UInt16(pointer.count), instructions: UInt(bitPattern: pointer.baseAddress))
            // On the channel's own loop it is set when this returns; the kernel has its own copy then.
            _ = socket.unsafeSetSocketOption(level: .socket, name: .init(rawValue: 26), value: program)
        }
    }

    /// linux/bpf_common.h
    private enum BPF {
        /// BPF_LD | BPF_B | BPF_ABS
        static let loadOctet: UInt16 = 0x30
        /// BPF_ALU | BPF_AND | BPF_K
        static let and: UInt16 = 0x54
        /// BPF_JMP | BPF_JEQ | BPF_K
        static let ifEqual: UInt16 = 0x15
        /// BPF_RET | BPF_K
        static let end: UInt16 = 0x06
    }
}
