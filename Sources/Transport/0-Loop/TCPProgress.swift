import Glibc
import NIOCore

/// How far the other end of a TCP connection is, as the system knows it.
enum TCPProgress {
    /// The first octets of `struct tcp_info` (linux/tcp.h), which Glibc's declaration cuts before the field that is wanted here.
    private struct Info {
        /// Up to `tcpi_max_pacing_rate`.
        var before:
            (
                UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64,
                UInt64,
                UInt64
            )
        /// `tcpi_bytes_acked`, at octet 120.
        var acknowledged: UInt64
    }

    /// Octets that the other end has acknowledged since the connection is open; nil: it is not a TCP connection. One system
    /// call.
    static func acknowledged(_ channel: any Channel) -> UInt64? {
        guard let socket = channel as? any SocketOptionProvider else { return nil }
        let info: EventLoopFuture<Info> = socket.unsafeGetSocketOption(level: .tcp, name: .init(rawValue: TCP_INFO))
        var acknowledged: UInt64?
        // On the channel's own loop the answer is there already.
        info.assumeIsolated().whenSuccess { acknowledged = $0.acknowledged }
        return acknowledged
    }
}
