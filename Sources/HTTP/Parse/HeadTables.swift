/// What the head parser looks up: tables over all octets, so that no index needs a check, and the known field names.
final class HeadTables: Sendable {
    static let shared = HeadTables()

    /// The octet of a field name folded (`FieldName`), with the high bit set where it is neither letter, digit nor `-`; 0: not
    /// a token character.
    let names: InlineArray<256, UInt8>
    /// What an octet of a request target is, as `TargetOctet`.
    let targets: InlineArray<256, UInt8>
    /// `KnownField.rawValue` by the highest bits of the folded hash times `multiplier`; 0: none.
    let slots: InlineArray<512, UInt8>
    let multiplier: UInt32
    /// Four words for each known name: its octets, each with the bit of small letters set (as in the room that is
    /// left), the first one lowest.
    let words: InlineArray<256, UInt64>
    /// The lengths of the known names, by `KnownField.rawValue`.
    let lengths: InlineArray<256, UInt8>

    private init() {
        names = InlineArray { index in
            let octet = UInt8(truncatingIfNeeded: index)
            guard HTTPOctet.isToken(octet) else { return 0 }
            return FieldName.folded(octet) | (FieldName.isRegular(octet) ? 0 : 0x80)
        }
        targets = InlineArray { TargetOctet.kind(of: UInt8(truncatingIfNeeded: $0)) }
        var words = InlineArray<256, UInt64>(repeating: 0x2020_2020_2020_2020)
        var lengths = InlineArray<256, UInt8>(repeating: 0)
        for known in KnownField.allCases {
            let raw = Int(known.rawValue)
            known.name.withUTF8Buffer { name in
                lengths[raw] = UInt8(name.count)
                for index in name.indices {
                    words[raw * 4 + index / 8] |= UInt64(name[index]) << UInt64(index % 8 * 8)
                }
            }
        }
        self.words = words
        self.lengths = lengths
        (slots, multiplier) = Self.placedNames()
    }

    @inline(__always)
    static func slot(_ hash: UInt32, _ multiplier: UInt32) -> Int { Int((hash &* multiplier) &>> 23) }

    /// Finds a multiplier under which no two known names meet, and notes where each one is.
    private static func placedNames() -> (InlineArray<512, UInt8>, UInt32) {
        var dice: UInt32 = 1
        search: while true {
            dice = dice &* 1_664_525 &+ 1_013_904_223
            let multiplier = dice | 1
            var slots = InlineArray<512, UInt8>(repeating: 0)
            for known in KnownField.allCases where known != .other {
                let hash = known.name.withUTF8Buffer { Field.foldedHash(of: $0) }
                let slot = slot(hash, multiplier)
                guard slots[slot] == 0 else { continue search }
                slots[slot] = known.rawValue
            }
            return (slots, multiplier)
        }
    }
}

/// What the octets of a request target are.
enum TargetOctet {
    static let plain: UInt8 = 0
    static let slash: UInt8 = 1
    static let dot: UInt8 = 2
    static let question: UInt8 = 3
    /// Makes the whole target be read again, slowly.
    static let special: UInt8 = 4
    /// Ends it: space, control characters.
    static let end: UInt8 = 5

    static func kind(of octet: UInt8) -> UInt8 {
        switch octet {
        case UInt8(ascii: "/"): slash
        case UInt8(ascii: "."): dot
        case UInt8(ascii: "?"): question
        case UInt8(ascii: ";"): special
        case 0...0x20, 0x7F: end
        default: HTTPOctet.isPathCharacter(octet) ? plain : special
        }
    }
}
