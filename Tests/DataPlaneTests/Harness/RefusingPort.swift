import Glibc

/// A port of 127.0.0.1 on which nobody listens, and that nobody else gets while this object lives.
final class RefusingPort: Sendable {
    let number: Int
    private let descriptor: Int32

    init() {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        number = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size)
                getsockname(descriptor, pointer, &size)
            }
            return Int(in_port_t(bigEndian: $0.pointee.sin_port))
        }
    }

    deinit { close(descriptor) }
}
