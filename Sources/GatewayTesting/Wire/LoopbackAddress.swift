import Glibc
import Synchronization

/// 127.0.0.1 for the socket calls.
enum LoopbackAddress {
    static func with<Result>(port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    /// The port that a socket is bound to.
    static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return result == 0 ? Int(in_port_t(bigEndian: address.sin_port)) : 0
    }

    /// A port on which nobody listens, and that neither connections of others nor sockets that ask for any port get: it is below
    /// the range of which the system gives those (32768 and up). No two calls in a process get the same.
    static func unusedPort() throws(WireError) -> Int {
        for _ in 0..<portsTried {
            let port = 12_000 + (Int(getpid()) * 37 + calls.wrappingAdd(1, ordering: .relaxed).newValue) % 20_000
            let probe = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard probe >= 0 else { throw .last("socket") }
            defer { Glibc.close(probe) }
            if with(port: port, { bind(probe, $0, $1) }) == 0 { return port }
        }
        throw .last("bind")
    }

    private static let portsTried = 1_000
    private static let calls = Atomic<Int>(0)
}

/// A socket that listens on a free port of 127.0.0.1.
final class ListeningSocket: Sendable {
    let port: Int
    private let descriptor: Int32
    /// Connecting is refused from now on.
    private let closed = Mutex(false)
    /// A pipe: what stands in it says that accepting is to end.
    private let stopSignal: (reading: Int32, writing: Int32)

    init() throws(WireError) {
        descriptor = Glibc.socket(
            AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw .last("socket") }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            let error = WireError.last("pipe")
            Glibc.close(descriptor)
            throw error
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        stopSignal = (ends[0], ends[1])
        let descriptor = descriptor
        guard LoopbackAddress.with(port: 0, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 1_024) == 0 else {
            let error = WireError.last("listen")
            Glibc.close(descriptor)
            for end in ends { Glibc.close(end) }
            throw error
        }
        port = LoopbackAddress.port(of: descriptor)
    }

    deinit {
        close()
        Glibc.close(stopSignal.reading)
        Glibc.close(stopSignal.writing)
    }

    private func close() {
        closed.withLock { closed in
            if !closed { _ = Glibc.close(descriptor) }
            closed = true
        }
    }

    var isClosed: Bool { closed.withLock { $0 } }

    /// The next connection; nil once `stop` was called.
    func accept() -> Wire? {
        while true {
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stopSignal.reading, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { continue }
            if entries[1].revents != 0 {
                close()
                return nil
            }
            let connection = Glibc.accept(descriptor, nil, nil)
            guard connection >= 0 else { continue }
            _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
            return Wire(adopting: connection)
        }
    }

    /// Ends `accept` in its thread, which closes the socket: connections that wait to be accepted are reset.
    func stop() { _ = Glibc.write(stopSignal.writing, [1] as [UInt8], 1) }
}
