/// Finds where lines end, eight octets at a time.
enum LineScan {
    /// The first octet from `start` that ends a line or may not be in one: a control character other than HTAB.
    /// The number of octets if there is none.
    @inline(__always)
    static func end(_ input: Span<UInt8>, from start: Int) -> Int {
        let count = input.count
        guard start >= 0, start < count else { return count }
        // The pointer is read below `count` only: each loop checks that before it reads.
        return input.withUnsafeBytes { octets in
            var index = start
            while true {
                while count &- index >= 32 {
                    let first = marks(octets, index) | marks(octets, index &+ 8)
                    let second = marks(octets, index &+ 16) | marks(octets, index &+ 24)
                    if (first | second) & highBits != 0 { break }
                    index &+= 32
                }
                var found = false
                while count &- index >= 8 {
                    let marks = marks(octets, index) & highBits
                    if marks != 0 {
                        index &+= marks.trailingZeroBitCount &>> 3
                        found = true
                        break
                    }
                    index &+= 8
                }
                if !found {
                    while index < count, octets[index] >= 0x20, octets[index] != 0x7F { index &+= 1 }
                    guard index < count else { return count }
                }
                if octets[index] != 0x09 { return index }
                index &+= 1
            }
        }
    }

    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// Eight octets from `index`: the high bit of each octet below 0x20 and of each 0x7F is set, and other bits. What
    /// the subtraction borrows can mark a wrong octet above a right one; the lowest mark is right.
    @inline(__always)
    private static func marks(_ octets: UnsafeRawBufferPointer, _ index: Int) -> UInt64 {
        let word = UInt64(littleEndian: octets.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let controls = word &- 0x2020_2020_2020_2020
        let delete = (word & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x0101_0101_0101_0101
        return (controls | delete) & ~word
    }
}
