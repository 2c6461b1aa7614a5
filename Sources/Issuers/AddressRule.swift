/// Which resolved addresses a fetch may connect to: never link-local ones or those where clouds hand out credentials,
/// unless they are allowed one by one. Private and loopback addresses are where issuers live; they pass.
package struct AddressRule: Sendable, Equatable {
    /// Addresses allowed besides, as octets: 4 or 16 of them.
    package var allowed: [[UInt8]]

    /// Only addresses of the public network: for URLs that strangers choose, who must not reach what lies behind a
    /// firewall with the gateway's help.
    package var isPublicOnly: Bool

    package init(allowed: [[UInt8]] = [], isPublicOnly: Bool = false) {
        self.allowed = allowed
        self.isPublicOnly = isPublicOnly
    }

    /// - Parameter address: 4 octets (IPv4) or 16 (IPv6), in network order. Anything else is refused.
    package func permits(_ address: [UInt8]) -> Bool {
        if allowed.contains(address) { return true }
        switch address.count {
        case 4: return !isRefused(v4: address)
        case 16:
            if let embedded = Self.embedded(in: address) {
                return allowed.contains(embedded) || !isRefused(v4: embedded)
            }
            return !Self.isForbidden(v6: address) && !(isPublicOnly && Self.isPrivate(v6: address))
        default: return false
        }
    }

    private func isRefused(v4 address: [UInt8]) -> Bool {
        Self.isForbidden(v4: address) || isPublicOnly && Self.isPrivate(v4: address)
    }

    /// Not globally reachable (the registries of RFC 6890).
    private static func isPrivate(v4 a: [UInt8]) -> Bool {
        switch (a[0], a[1], a[2]) {
        case (10, _, _), (127, _, _), (172, 16...31, _), (192, 168, _), (100, 64...127, _): true
        case (192, 0, 0), (192, 0, 2), (198, 18...19, _), (198, 51, 100), (203, 0, 113): true
        default: false
        }
    }

    /// Loopback, unique local (RFC 4193) and documentation, Teredo and its like (2001::/23); all that is not global unicast.
    private static func isPrivate(v6 a: [UInt8]) -> Bool {
        a[0] & 0xE0 != 0x20 || (a[0] == 0x20 && a[1] == 0x01 && (a[2] < 0x02 || a[2] == 0x0D && a[3] == 0xB8))
    }

    private static func isForbidden(v4 a: [UInt8]) -> Bool {
        switch (a[0], a[1], a[2], a[3]) {
        case (0, _, _, _): true  // "this network": the machine itself
        case (169, 254, _, _): true  // link-local, and most clouds' metadata
        case (100, 100, 100, 200): true  // Alibaba Cloud
        case (168, 63, 129, 16): true  // Azure
        case (192, 0, 0, 192): true  // Oracle Cloud
        case (224..., _, _, _): true  // multicast, reserved, broadcast
        default: false
        }
    }

    private static func isForbidden(v6 a: [UInt8]) -> Bool {
        if a.allSatisfy({ $0 == 0 }) { return true }
        if a[0] == 0xFF { return true }  // multicast
        if a[0] == 0xFE, a[1] & 0xC0 == 0x80 { return true }  // link-local
        let amazon: [UInt8] = [0xFD, 0, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54]
        let google: [UInt8] = [0xFD, 0x20, 0, 0xCE] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54]
        return a == amazon || a == google
    }

    /// The IPv4 address inside ::ffff:0:0/96, ::/96, 64:ff9b::/96 and 2002::/16: another way to write the same place.
    private static func embedded(in a: [UInt8]) -> [UInt8]? {
        let zeros = a.prefix(10).allSatisfy { $0 == 0 }
        if zeros, a[10] == 0xFF, a[11] == 0xFF { return Array(a[12...]) }
        if zeros, a[10] == 0, a[11] == 0, a[12] != 0 { return Array(a[12...]) }
        if a[0] == 0, a[1] == 0x64, a[2] == 0xFF, a[3] == 0x9B, a[4..<12].allSatisfy({ $0 == 0 }) {
            return Array(a[12...])
        }
        if a[0] == 0x20, a[1] == 0x02 { return Array(a[2..<6]) }
        return nil
    }
}
