import Glibc
import Synchronization

/// What can go wrong on a socket.
package enum WireError: Error, Equatable, CustomStringConvertible {
    /// Nobody listens there.
    case refused
    /// The other side broke the connection off (RST), or closed it while octets were on their way to it.
    case reset
    /// The deadline passed.
    case timeout(String)
    /// A system call failed with this `errno`.
    case system(String, Int32)

    package var description: String {
        switch self {
        case .refused: "connection refused"
        case .reset: "connection reset"
        case .timeout(let awaited): "waited in vain for \(awaited)"
        case .system(let call, let code): "\(call): \(String(cString: strerror(code)))"
        }
    }

    static func last(_ call: String) -> WireError {
        switch errno {
        case ECONNREFUSED: .refused
        case ECONNRESET, EPIPE, ENOTCONN: .reset
        default: .system(call, errno)
        }
    }
}

/// A TCP socket on which every wait has a deadline. Used by one thread at a time, except for `interrupt`.
final class Wire: Sendable {
    /// -1 once closed; the lock keeps `interrupt` from reaching a number that already belongs to another socket.
    private let socket: Mutex<Int32>
    private let descriptor: Int32

    /// Takes over a connected socket.
    init(adopting descriptor: Int32) {
        self.descriptor = descriptor
        socket = Mutex(descriptor)
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, flags | O_NONBLOCK)
        setNoDelay(1)
    }

    /// Puts Nagle's algorithm back.
    func delaySmallWrites() { setNoDelay(0) }

    private func setNoDelay(_ value: Int32) {
        var value = value
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close() }

    /// Connects to a port on this machine; nothing else is ever a target.
    static func connect(port: Int, receiveBufferBytes: Int? = nil, deadline: Deadline) throws(WireError) -> Wire {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        let wire = Wire(adopting: descriptor)
        if let receiveBufferBytes {
            var size = Int32(receiveBufferBytes)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = LoopbackAddress.with(port: port) { Glibc.connect(descriptor, $0, $1) }
        if result == 0 { return wire }
        guard errno == EINPROGRESS else { throw .last("connect") }
        try wire.wait(for: POLLOUT, "the connection", deadline)
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
        guard code == 0 else {
            errno = code
            throw .last("connect")
        }
        return wire
    }

    /// What has arrived, `max` octets at most; empty: the other side has closed its half.
    func read(max: Int = 65_536, _ awaited: String = "octets", deadline: Deadline) throws(WireError) -> [UInt8] {
        while true {
            var count = 0
            let octets = [UInt8](unsafeUninitializedCapacity: max) { buffer, filled in
                count = recv(descriptor, buffer.baseAddress, max, 0)
                filled = Swift.max(count, 0)
            }
            if count >= 0 { return octets }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLIN, awaited, deadline)
            default: throw .last("recv")
            }
        }
    }

    /// Sends all octets.
    func write(_ octets: [UInt8], deadline: Deadline) throws(WireError) {
        var sent = 0
        while sent < octets.count {
            let count = octets.withUnsafeBytes { all in
                send(descriptor, all.baseAddress.map { $0 + sent }, all.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                sent += count
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try wait(for: POLLOUT, "room to send", deadline)
            default: throw .last("send")
            }
        }
    }

    /// Octets, or the end, are there to be read.
    var isReadable: Bool { events(POLLIN) & (POLLIN | POLLHUP | POLLERR) != 0 }

    /// The other side has closed its half or broken off, whether or not octets from before are still unread.
    func waitUntilPeerLeaves(deadline: Deadline) throws(WireError) {
        try wait(for: Self.peerClosed, "the other side to leave", deadline)
    }

    private static let peerClosed: Int32 = 0x2000  // POLLRDHUP, which Swift does not import

    /// No more octets will be sent (FIN).
    func closeWriting() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Breaks the connection off: the other side sees RST, and what was on its way is lost.
    func reset() {
        var choice = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &choice, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func close() {
        socket.withLock {
            if $0 >= 0 { _ = Glibc.close($0) }
            $0 = -1
        }
    }

    /// Wakes the thread that waits on this connection, which then finds it ended. Callable from any thread.
    func interrupt() {
        socket.withLock { if $0 >= 0 { _ = shutdown($0, Int32(SHUT_RDWR)) } }
    }

    /// The port of this side.
    var localPort: Int { LoopbackAddress.port(of: descriptor) }

    private func events(_ wanted: Int32, milliseconds: Int32 = 0) -> Int32 {
        var entry = pollfd(fd: descriptor, events: Int16(wanted), revents: 0)
        return poll(&entry, 1, milliseconds) > 0 ? Int32(entry.revents) : 0
    }

    private func wait(for wanted: Int32, _ awaited: String, _ deadline: Deadline) throws(WireError) {
        while true {
            if events(wanted, milliseconds: Int32(deadline.millisecondsLeft)) != 0 { return }
            if deadline.isPast { throw .timeout(awaited) }
        }
    }
}
