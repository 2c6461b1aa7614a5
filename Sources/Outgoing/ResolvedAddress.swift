import Glibc

/// An IP address that a name resolved to.
struct ResolvedAddress: Sendable, Equatable {
    /// 4 or 16, in network order.
    let octets: [UInt8]
    let text: String

    /// In the order of the system's resolver, each once. Blocks; not for event loops. Empty: the name has none.
    static func all(of host: String) -> [ResolvedAddress] {
        if let literal = ResolvedAddress(literal: host) { return [literal] }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return [] }
        defer { freeaddrinfo(first) }
        var found: [ResolvedAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let entry = next {
            if let address = ResolvedAddress(entry.pointee), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return found
    }

    init?(literal text: String) {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var octets = [UInt8](repeating: 0, count: count)
            guard inet_pton(family, text, &octets) == 1 else { continue }
            self.octets = octets
            self.text = text
            return
        }
        return nil
    }

    private init?(_ entry: addrinfo) {
        var characters = [CChar](repeating: 0, count: 128)
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &characters, 128, nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        // Without the zone of a link-local address.
        let octets = characters.prefix { $0 != 0 && $0 != 0x25 }.map { UInt8(bitPattern: $0) }
        self.init(literal: String(decoding: octets, as: UTF8.self))
    }
}
