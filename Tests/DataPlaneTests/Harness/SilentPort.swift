import Glibc

/// A port of 127.0.0.1 that answers no attempt to connect: its line for connections is full, and nobody takes them off.
final class SilentPort: Sendable {
    let number: Int
    private let descriptors: [Int32]

    init() {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var opened: [Int32] = []
        number = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
                let listener = socket(AF_INET, type, 0)
                bind(listener, pointer, size)
                listen(listener, 0)
                getsockname(listener, pointer, &size)
                opened.append(listener)
                for _ in 0..<4 {
                    let filler = socket(AF_INET, type | Int32(SOCK_NONBLOCK.rawValue), 0)
                    connect(filler, pointer, size)
                    opened.append(filler)
                }
            }
            return Int(in_port_t(bigEndian: $0.pointee.sin_port))
        }
        descriptors = opened
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
