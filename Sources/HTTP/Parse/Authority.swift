import Octets

/// A host with an optional port, as `Host` and absolute targets name it (RFC 9110 §7.2, RFC 3986 §3.2.2).
struct Authority {
    /// A name or an address; without trailing dot; in whatever case it was sent.
    var host: Slice
    /// nil when none is named.
    var port: Int?
    /// The host has capital letters.
    var hasCapitals: Bool
    /// The host is this address in brackets.
    var address: IPv6Address?

    /// Octets of a host name at most (RFC 1035 §2.3.4).
    private static let hostBytesMax = 255

    /// Host names of letters, digits, `-`, `_` and dots between labels; IPv4 addresses look the same; IPv6 addresses in
    /// brackets. User information, escapes and empty hosts are refused.
    init(_ input: Span<UInt8>, _ slice: Slice) throws(HeadError) {
        var index = slice.start
        hasCapitals = false
        if !slice.isEmpty, input[index] == UInt8(ascii: "[") {
            var colons = 0
            index &+= 1
            while index < slice.end, input[index] != UInt8(ascii: "]") {
                let octet = input[index]
                if octet == UInt8(ascii: ":") {
                    colons &+= 1
                } else if octet != UInt8(ascii: "."), Hex.value(octet) == nil {
                    throw .badHost
                }
                if octet &- 0x41 < 26 { hasCapitals = true }
                index &+= 1
            }
            guard index < slice.end, colons >= 2, index &- slice.start <= 46,
                let address = IPv6Address(input, from: slice.start &+ 1, to: index)
            else { throw .badHost }
            self.address = address
            index &+= 1
            host = Slice(start: slice.start, end: index)
        } else {
            var labelStart = index
            var end = index
            while index < slice.end {
                let octet = input[index]
                if octet == UInt8(ascii: ":") { break }
                if octet == UInt8(ascii: ".") {
                    guard index > labelStart else { throw .badHost }
                    labelStart = index &+ 1
                    end = index
                } else {
                    guard
                        octet | 0x20 &- 0x61 < 26 || octet &- 0x30 < 10 || octet == UInt8(ascii: "-")
                            || octet == UInt8(ascii: "_")
                    else { throw .badHost }
                    if octet &- 0x41 < 26 { hasCapitals = true }
                    end = index &+ 1
                }
                index &+= 1
            }
            host = Slice(start: slice.start, end: end)
            guard !host.isEmpty, host.count <= Self.hostBytesMax else { throw .badHost }
        }
        port = try Self.port(input, from: index, to: slice.end)
    }

    /// `:` and up to five digits; nothing, or a `:` alone, names no port.
    private static func port(_ input: Span<UInt8>, from start: Int, to end: Int) throws(HeadError) -> Int? {
        guard start < end else { return nil }
        guard input[start] == UInt8(ascii: ":"), end &- start <= 6 else { throw .badHost }
        guard start &+ 1 < end else { return nil }
        var port = 0
        for index in (start &+ 1)..<end {
            let digit = input[index] &- 0x30
            guard digit < 10 else { throw .badHost }
            port = port &* 10 &+ Int(digit)
        }
        guard port > 0, port <= 65_535 else { throw .badHost }
        return port
    }
}
