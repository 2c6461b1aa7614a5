import NIOCore

/// Every bound of the transport that no operator sets, with its unit and reason.
enum TransportBounds {
    /// Octets of the TLS handler's outbound buffer kept between writes, for each connection, idle ones too: a small
    /// answer. A larger one costs an allocation, which is little beside sending it.
    static let preservedTLSBytes = 2_048
    /// Octets of a body up to which a part is copied behind what waits to be written, rather than written by itself.
    static let smallBytesMax = 8_192
    /// Octets that one read takes from a client's socket: as many as the memory holds into which TLS decrypts them, so that
    /// it is never grown for good (`PlaintextBlocks`).
    static let clientReads = AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2_048, maximum: 32_768)
    /// Octets of a record of TLS (RFC 8446 §5.1).
    static let recordBytesMax = 16_384
    /// Connections that the kernel keeps until they are accepted.
    static let backlog: Int32 = 4_096
    /// Nanoseconds in which handshakes that have begun may come to their end when a listener closes: a client's way and
    /// back.
    static let handshakesEndNanoseconds: Int64 = 100_000_000
    /// Nanoseconds after which a listener closes although connections wait, as for want of descriptors.
    static let queueEndNanoseconds: Int64 = 1_000_000_000
    /// Octets that the kernel keeps for a socket beyond what is on the wire (TCP_NOTSENT_LOWAT). Without it a slow
    /// reader moves megabytes before the socket is writable again, and would seem to stand still meanwhile.
    static let unsentBytesMax = 262_144
    static let unsentBytes = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 25))
    /// Nanoseconds that sockets may take to close when the process ends.
    static let closingNanoseconds: Int64 = 2_000_000_000
    /// Interim answers (1xx) that an upstream may send before its final one.
    static let interimAnswersMax = 16
}
