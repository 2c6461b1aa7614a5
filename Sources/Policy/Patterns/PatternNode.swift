/// A pattern as written, taken apart.
indirect enum PatternNode {
    /// One character.
    case one(CharacterClass)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// `most` nil: as often as one likes.
    case repeated(PatternNode, least: Int, most: Int?)

    /// Positions that it needs once its counted repetitions are written out; a number above the bound is not exact.
    var positions: Int {
        switch self {
        case .one: return 1
        case .sequence(let parts), .choice(let parts):
            return parts.reduce(0) { min($0 + $1.positions, PositionSet.positionsMax + 1) }
        case .repeated(let part, let least, let most):
            // Both factors are bounded: 257 and `PatternParser.countMax`.
            return min(part.positions * max(most ?? least, 1), PositionSet.positionsMax + 1)
        }
    }
}

/// Some characters: Unicode scalars in ranges, or all but those.
struct CharacterClass: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        for range in ranges where range.contains(scalar.value) { return !isNegated }
        return isNegated
    }

    static let any = CharacterClass(ranges: [], isNegated: true)

    static func one(_ scalar: Unicode.Scalar) -> CharacterClass {
        CharacterClass(ranges: [scalar.value...scalar.value])
    }

    /// `\d`, `\w` and `\s`, in ASCII.
    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let wordCharacters: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A]
    static let spaces: [ClosedRange<UInt32>] = [0x09...0x0D, 0x20...0x20]
}
