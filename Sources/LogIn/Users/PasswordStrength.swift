/// How much of a password is not what everybody tries first.
///
/// Each part that is a common word, a name of the user or of the service counts two characters, a row of keys or of the
/// alphabet, a year, a part that repeats what stands before it one; every other character counts itself. What is left is
/// the smallest sum. So `password1234` counts three, `Summer2026!!!` four, and what was not thought of counts its length.
struct PasswordStrength {
    /// Words besides the common ones; lower case.
    private let names: Set<[UInt8]>
    /// As a word of the list, or of `names`.
    private static let wordCost = 2

    /// - Parameter names: shorter ones than three octets count nothing.
    init(names: [String] = []) { self.names = Set(names.map { Array($0.lowercased().utf8) }.filter { $0.count >= 3 }) }

    /// - Parameter password: at most `PasswordRules.octetsMax` octets.
    func countedLength(_ password: String) -> Int {
        let plain = Array(password.lowercased().utf8)
        let readings = [
            plain, plain.map { Self.undisguised($0, one: "i") }, plain.map { Self.undisguised($0, one: "l") },
        ]
        var least = [Int](repeating: 0, count: plain.count + 1)
        for end in plain.indices.map({ $0 + 1 }) {
            var best = least[end - 1] + 1
            for start in max(0, end - Self.partMax)..<end where least[start] < best {
                best = min(best, least[start] + cost(start..<end, plain, readings))
            }
            least[end] = best
        }
        return least.last ?? 0
    }

    /// What one part costs; its length at most.
    private func cost(_ range: Range<Int>, _ plain: [UInt8], _ readings: [[UInt8]]) -> Int {
        let part = plain[range]
        if Self.repeats(range, plain) || Self.isRow(part) || Self.isYear(part) { return 1 }
        guard range.count >= CommonWords.lengths.lowerBound else { return range.count }
        let isWord = readings.contains { reading in
            let word = Array(reading[range])
            return names.contains(word) || (CommonWords.lengths.contains(word.count) && CommonWords.all.contains(word))
        }
        return isWord ? Self.wordCost : range.count
    }

    /// Octets of a part at most; a name of a user has 128.
    private static let partMax = 64

    /// What letters are written as.
    private static func undisguised(_ octet: UInt8, one: Unicode.Scalar) -> UInt8 {
        switch octet {
        case UInt8(ascii: "0"): UInt8(ascii: "o")
        case UInt8(ascii: "1"), UInt8(ascii: "!"): UInt8(ascii: one)
        case UInt8(ascii: "3"): UInt8(ascii: "e")
        case UInt8(ascii: "4"), UInt8(ascii: "@"): UInt8(ascii: "a")
        case UInt8(ascii: "5"), UInt8(ascii: "$"): UInt8(ascii: "s")
        case UInt8(ascii: "7"): UInt8(ascii: "t")
        default: octet
        }
    }

    /// The same octet again and again, or what stands just before it once more.
    private static func repeats(_ range: Range<Int>, _ plain: [UInt8]) -> Bool {
        if range.count >= 2, plain[range].allSatisfy({ $0 == plain[range.lowerBound] }) { return true }
        let before = range.lowerBound - range.count
        return range.count >= 2 && before >= 0 && plain[before..<range.lowerBound].elementsEqual(plain[range])
    }

    private static func isYear(_ part: ArraySlice<UInt8>) -> Bool {
        part.count == 4 && part.allSatisfy { (0x30...0x39).contains($0) }
            && (part.starts(with: "19".utf8) || part.starts(with: "20".utf8))
    }

    /// A piece of a row of keys, of the alphabet or of numbers, forwards or backwards.
    private static func isRow(_ part: ArraySlice<UInt8>) -> Bool {
        guard part.count >= 3, rowBeginnings.contains(Array(part.prefix(3))) else { return false }
        return rows.contains { row in
            guard row.count >= part.count, let first = part.first else { return false }
            return row.indices.contains { row[$0] == first && row[$0...].starts(with: part) }
        }
    }

    /// Of three octets: almost no part needs to be compared with all rows.
    private static let rowBeginnings = Set(rows.flatMap { row in (0...row.count - 3).map { Array(row[$0..<$0 + 3]) } })

    private static let rows: [[UInt8]] = [
        "12345678901234567890", "qwertyuiop[]", "qwertzuiop", "azertyuiop", "asdfghjkl;'", "zxcvbnm,./", "yxcvbnm",
        "abcdefghijklmnopqrstuvwxyz", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/", "qazwsxedcrfvtgbyhnujmikolp",
        "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "1a2b3c4d5e6f7g8h9i", "a1b2c3d4e5f6g7h8i9", "qweasdzxc",
        "123qweasdzxc", "147258369", "159753", "010203040506070809", "102030405060708090", "112233445566778899",
        "1234567891011121314151617181920",
    ].flatMap { [Array($0.utf8), Array($0.utf8.reversed())] }
}
