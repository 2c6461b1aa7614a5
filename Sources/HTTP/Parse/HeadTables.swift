/// Everything that the head parser looks up, in one array, so that its inner loops hold one reference.
final class HeadTables: Sendable {
    static let shared = HeadTables()

    /// 256: the octet of a field name in lower case, `_` and `.` as `-` with the high bit set; 0: not a token character.
    static let names = 0
    /// 256: what an octet of a request target is, as `TargetOctet`.
    static let targets = 256
    /// 512: `KnownField.rawValue` by hash of the folded name; 0: none.
    static let slots = 512
    static let slotBits: UInt32 = 9
    /// 64 x 32: the known names, in lower case, filled up with zeros.
    static let texts = 1_024
    static let textStride = 32
    /// 64: their lengths.
    static let lengths = texts + 64 * textStride

    let octets: [UInt8]
    /// Spreads the hashes of the known names over different slots.
    let multiplier: UInt32

    private init() {
        var octets = [UInt8](repeating: 0, count: Self.lengths + 64)
        for octet in UInt8.min...UInt8.max {
            if Octets.isToken(octet) {
                let folded = FieldName.folded(octet)
                octets[Self.names + Int(octet)] = folded | (octet == 0x5F || octet == 0x2E ? 0x80 : 0)
            }
            octets[Self.targets + Int(octet)] = TargetOctet.kind(of: octet)
        }
        for known in KnownField.allCases {
            let place = Self.texts + Int(known.rawValue) * Self.textStride
            known.name.withUTF8Buffer { name in
                for index in name.indices { octets[place + index] = name[index] }
                octets[Self.lengths + Int(known.rawValue)] = UInt8(name.count)
            }
        }
        multiplier = Self.placeNames(in: &octets)
        self.octets = octets
    }

    /// Finds a multiplier under which no two known names meet, and notes where each one is.
    private static func placeNames(in octets: inout [UInt8]) -> UInt32 {
        var multiplier: UInt32 = 0x9E37_79B1
        search: while true {
            for slot in slots..<texts { octets[slot] = 0 }
            for known in KnownField.allCases where known != .other {
                let hash = known.name.withUTF8Buffer { Field.foldedHash(of: $0) }
                let slot = slots + Int((hash &* multiplier) &>> (32 - slotBits))
                if octets[slot] != 0 {
                    multiplier = multiplier &+ 0x2000_0002
                    multiplier = multiplier &* 0x0001_0DCD | 1
                    continue search
                }
                octets[slot] = known.rawValue
            }
            return multiplier
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
        default: Octets.isPathCharacter(octet) ? plain : special
        }
    }
}
