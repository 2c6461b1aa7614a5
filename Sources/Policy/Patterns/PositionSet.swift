/// A set of positions of a pattern: 256 bits, without memory of its own.
struct PositionSet: Sendable, Equatable {
    /// Positions that a pattern has at most.
    static let positionsMax = 256

    private var words: InlineArray<4, UInt64>

    init() { words = InlineArray(repeating: 0) }

    /// - Parameter position: below `positionsMax`; others are not kept.
    init(_ position: Int) {
        self.init()
        insert(position)
    }

    var isEmpty: Bool { words[0] | words[1] | words[2] | words[3] == 0 }

    mutating func insert(_ position: Int) {
        guard position >= 0, position < Self.positionsMax else { return }
        words[position >> 6] |= 1 << UInt64(position & 63)
    }

    mutating func formUnion(_ other: PositionSet) {
        for index in 0..<4 { words[index] |= other.words[index] }
    }

    func union(_ other: PositionSet) -> PositionSet {
        var union = self
        union.formUnion(other)
        return union
    }

    func intersects(_ other: PositionSet) -> Bool {
        var common: UInt64 = 0
        for index in 0..<4 { common |= words[index] & other.words[index] }
        return common != 0
    }

    /// Calls `body` with each position, in their order.
    func forEach(_ body: (Int) -> Void) {
        for index in 0..<4 {
            var word = words[index]
            while word != 0 {
                body(index << 6 | word.trailingZeroBitCount)
                word &= word &- 1
            }
        }
    }

    static func == (one: PositionSet, other: PositionSet) -> Bool {
        for index in 0..<4 where one.words[index] != other.words[index] { return false }
        return true
    }
}
