/// A stretch of a head's own octets (`bytes` of a request or response head), as offsets.
package struct Slice: Sendable, Equatable, Hashable {
    // 32 bits each: heads are bounded far below that, and a field stays within half a cache line.
    @usableFromInline var low: Int32
    @usableFromInline var high: Int32

    /// An `end` before `start` makes an empty slice.
    @inlinable package init(start: Int, end: Int) {
        low = Int32(truncatingIfNeeded: start)
        high = Int32(truncatingIfNeeded: max(start, end))
    }

    /// Nothing, at the beginning.
    @inlinable package init() { (low, high) = (0, 0) }

    /// Of the first octet.
    @inlinable package var start: Int { Int(low) }
    /// Of the octet behind the last one.
    @inlinable package var end: Int { Int(high) }
    /// Octets.
    @inlinable package var count: Int { Int(high &- low) }
    @inlinable package var isEmpty: Bool { low == high }
    /// For subscripts of the head's octets.
    @inlinable package var range: Range<Int> { start..<end }
}
