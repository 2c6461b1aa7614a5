import Dispatch
import Glibc
import NIOCore
import Synchronization
import Testing

@testable import Transport

@Suite("Connections that wait in the kernel when a listener closes")
struct AcceptQueueTests {
    /// A client without TLS, on a socket of its own.
    private struct Client {
        let socket: CInt

        struct NotConnected: Error { let code: CInt }

        /// Connected, with a request written.
        init(port: Int, path: String) throws {
            let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            self.socket = socket
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else { throw NotConnected(code: errno) }
            let request = Array("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
            try #require(write(socket, request, request.count) == request.count)
        }

        /// All that comes until the end; nil: a reset, or nothing.
        func readToEnd() -> String? {
            defer { close(socket) }
            var octets: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = read(socket, &buffer, buffer.count)
                if count < 0 { return nil }
                if count == 0 { return octets.isEmpty ? nil : String(decoding: octets, as: UTF8.self) }
                octets += buffer[..<count]
            }
        }
    }

    @Test(
        "are accepted and answered with Connection: close, however many they are and however busy the loops",
        arguments: [(1, 1), (1, 40), (3, 3), (3, 200)])
    func answered(loops: Int, count: Int) async throws {
        let transport = try await Transport(loops: loops, timeouts: TransportTimeouts()) { _ in
            ScriptedDelegates(ClientHarness.answerAtOnce)
        }
        let listener = try await transport.listen(
            ListenerSettings(name: "test", host: "127.0.0.1", port: 0, tls: nil))
        // All loops are busy, so that nothing is accepted before the listener is told to close.
        let gate = DispatchSemaphore(value: 0)
        let lent = Mutex<[LoopBound<TransportLoop>]>([])
        try await transport.onEachLoop { loop, _ in lent.withLock { $0.append(loop.lend(loop)) } }
        for loop in lent.withLock({ $0 }) { loop.execute { _ in gate.wait() } }
        let closing = Task { await listener.close() }
        while !listener.runtime.isClosing { await Task.yield() }
        let clients = try (0..<count).map { try Client(port: listener.port, path: "/\($0)") }
        for _ in 0..<loops { gate.signal() }
        await closing.value
        try await transport.drain(timeout: .seconds(20))
        for (index, client) in clients.enumerated() {
            let answer = client.readToEnd()
            #expect(answer?.hasPrefix("HTTP/1.1 200") == true && answer?.hasSuffix("\r\n\r\n/\(index)") == true)
            #expect(answer?.lowercased().contains("connection: close\r\n") == true)
        }
        #expect(throws: Client.NotConnected.self) { try Client(port: listener.port, path: "/late") }
        try await transport.shutdown()
    }

    @Test("do not keep a listener from closing that is closed twice, or whose sockets nobody uses")
    func twice() async throws {
        let transport = try await Transport(loops: 2, timeouts: TransportTimeouts()) { _ in
            ScriptedDelegates(ClientHarness.answerAtOnce)
        }
        let listener = try await transport.listen(
            ListenerSettings(name: "test", host: "::1", port: 0, tls: nil))
        async let first: Void = listener.close()
        async let second: Void = listener.close()
        _ = await (first, second)
        await listener.close()
        try await transport.shutdown()
    }
}
