import Octets

/// Writes heads octet by octet into one buffer that is used again and again: heads are written anew, never copied.
package struct ByteWriter: Sendable {
    /// What was written.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// - Parameter capacity: octets that can be written before memory is allocated.
    package init(capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Octets written.
    package var count: Int { bytes.count }

    /// Begins anew; keeps the memory.
    package mutating func clear() { bytes.removeAll(keepingCapacity: true) }

    /// One octet, or several, as they are: whoever appends has checked that they may stand there.
    package mutating func append(_ octet: UInt8) { bytes.append(octet) }

    /// Lets somebody else append; what is there already stays.
    package mutating func append(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Appends octets that `write` fills in, `count` at most: several pieces cost one look at the buffer instead of one
    /// each. It returns how many it has filled in, from the first one on.
    @inline(__always)
    mutating func append(count: Int, _ write: (UnsafeMutablePointer<UInt8>) -> Int) {
        bytes.append(addingCapacity: count) { room in
            room.withUnsafeMutableBufferPointer { octets, initialized in
                guard count > 0, let base = octets.baseAddress, octets.count &- initialized >= count else { return }
                initialized &+= min(max(write(base + initialized), 0), count)
            }
        }
    }

    package mutating func append(_ octets: [UInt8]) {
        octets.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    package mutating func append(_ octets: ArraySlice<UInt8>) { bytes.append(contentsOf: octets) }

    package mutating func append(_ octets: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: octets) }

    package mutating func append(_ octets: Span<UInt8>) {
        octets.withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    /// The UTF-8 of a text.
    package mutating func append(text: String) { bytes.append(contentsOf: text.utf8) }

    /// A piece of a request's head.
    package mutating func append(_ head: borrowing RequestHead, _ slice: Slice) { append(head.block.bytes, slice) }

    /// A piece of an answer's head.
    package mutating func append(_ head: borrowing ResponseHead, _ slice: Slice) { append(head.block.bytes, slice) }

    /// Host and port as the client named them (RFC 9110 §7.2).
    mutating func appendAuthority(of head: borrowing RequestHead) {
        append(head, head.host)
        if let port = head.port {
            append(":")
            append(decimal: port)
        }
    }

    /// A field line from another head: name and value as they were sent there.
    package mutating func appendField(_ head: borrowing ResponseHead, _ field: Field) {
        appendField(head.block.bytes, field)
    }

    private mutating func append(_ octets: [UInt8], _ slice: Slice) {
        guard slice.start >= 0, slice.end <= octets.count else { return }
        octets.withUnsafeBufferPointer { octets in
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: octets[slice.start..<slice.end]))
        }
    }

    private mutating func appendField(_ octets: [UInt8], _ field: Field) {
        let (name, value) = (field.name, field.value)
        guard name.start >= 0, name.end < value.start, value.end < octets.count &- 1 else { return }
        octets.withUnsafeBufferPointer { octets in
            // The line that would be written stands there already, octet for octet: one copy instead of four.
            if value.start == name.end &+ 2, octets[name.end] == UInt8(ascii: ":"), octets[name.end &+ 1] == 0x20,
                octets[value.end] == 0x0D, octets[value.end &+ 1] == 0x0A
            {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: octets[name.start..<(value.end &+ 2)]))
            } else {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: octets[name.range]))
                append(": ")
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: octets[value.range]))
                append("\r\n")
            }
        }
    }

    /// Leaves out, from `start` on, the octets that a field value cannot hold (RFC 9110 §5.5).
    mutating func keepFieldValueOctets(from start: Int) {
        guard start >= 0, start < bytes.count else { return }
        let isClean = bytes.withUnsafeBytes { octets in
            var index = start
            // Eight octets at a time; only where one of them may be a control are they looked at one by one.
            while index &+ 8 <= octets.count {
                if HTTPOctet.mayHoldControl(octets.loadUnaligned(fromByteOffset: index, as: UInt64.self)) {
                    for place in index..<index &+ 8 where !HTTPOctet.isFieldValue(octets[place]) { return false }
                }
                index &+= 8
            }
            while index < octets.count {
                guard HTTPOctet.isFieldValue(octets[index]) else { return false }
                index &+= 1
            }
            return true
        }
        guard !isClean else { return }
        let kept = bytes[start...].filter(HTTPOctet.isFieldValue)
        bytes.replaceSubrange(start..., with: kept)
    }

    /// In decimal digits, with a minus sign where it is negative.
    package mutating func append(decimal number: Int) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        DecimalDigits.append(UInt64(number.magnitude), to: &bytes)
    }

    /// Without leading zeros, in lower case.
    package mutating func append(hex number: UInt64) {
        var shift = number == 0 ? 0 : (63 &- number.leadingZeroBitCount) & ~3
        while shift >= 0 {
            bytes.append(Hex.digit(UInt8(truncatingIfNeeded: number &>> UInt64(shift)) & 0xF))
            shift &-= 4
        }
    }

    /// Two digits for each octet, in lower case.
    package mutating func append(hexOf octets: [UInt8]) {
        for octet in octets {
            bytes.append(Hex.digit(octet &>> 4))
            bytes.append(Hex.digit(octet & 0xF))
        }
    }
}
