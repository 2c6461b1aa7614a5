/// Finds the protocols that a ClientHello offers (RFC 8446 §4.1.2, RFC 7301 §3.1), in whatever records and segments it
/// comes. Each octet is looked at once; what is none is left to TLS.
struct ClientHelloReader {
    /// Octets of a ClientHello at most, beyond which it is not looked at.
    private static let bytesMax = 16_384

    /// There is nothing more to be found.
    private(set) var isDone = false
    /// The handshake's octets, without the records around them.
    private var message: [UInt8] = []
    /// The record's header as far as it has come, and what is left of its content.
    private var header: [UInt8] = []
    private var left = 0

    /// The offer, once, when it has come in full; nil: not yet, or there is none.
    mutating func read(_ octets: Span<UInt8>) -> [[UInt8]]? {
        var index = 0
        while index < octets.count {
            if left == 0 {
                header.append(octets[index])
                index += 1
                guard header.count == 5 else { continue }
                left = Int(header[3]) << 8 | Int(header[4])
                // 22: handshake.
                guard header[0] == 22, left > 0 else { return give(nil) }
                header.removeAll(keepingCapacity: true)
                continue
            }
            let count = min(left, octets.count - index)
            octets.extracting(index..<index + count).withUnsafeBufferPointer { message.append(contentsOf: $0) }
            index += count
            left -= count
            // 1: ClientHello.
            guard message[0] == 1 else { return give(nil) }
            guard message.count >= 4 else { continue }
            let length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
            guard length <= Self.bytesMax else { return give(nil) }
            if message.count >= length + 4 { return give(Self.protocols(message[..<(length + 4)])) }
        }
        return nil
    }

    private mutating func give(_ offer: [[UInt8]]?) -> [[UInt8]]? {
        isDone = true
        message = []
        return offer
    }

    private static func protocols(_ message: ArraySlice<UInt8>) -> [[UInt8]]? {
        // Type, length, version, random.
        var rest = message.dropFirst(4 + 2 + 32)
        guard vector(&rest, lengthOctets: 1) != nil, vector(&rest, lengthOctets: 2) != nil,
            vector(&rest, lengthOctets: 1) != nil, var extensions = vector(&rest, lengthOctets: 2)
        else { return nil }
        while extensions.count >= 4 {
            let type = Int(extensions.removeFirst()) << 8 | Int(extensions.removeFirst())
            guard var content = vector(&extensions, lengthOctets: 2) else { return nil }
            guard type == 16 else { continue }
            guard var list = vector(&content, lengthOctets: 2) else { return nil }
            var offered: [[UInt8]] = []
            while let name = vector(&list, lengthOctets: 1) { offered.append(Array(name)) }
            return offered
        }
        return nil
    }

    /// The next vector, behind its length; nil: it is not there in full.
    private static func vector(_ octets: inout ArraySlice<UInt8>, lengthOctets: Int) -> ArraySlice<UInt8>? {
        guard octets.count >= lengthOctets else { return nil }
        let length = octets.prefix(lengthOctets).reduce(0) { $0 << 8 | Int($1) }
        octets = octets.dropFirst(lengthOctets)
        guard octets.count >= length else { return nil }
        defer { octets = octets.dropFirst(length) }
        return octets.prefix(length)
    }
}
