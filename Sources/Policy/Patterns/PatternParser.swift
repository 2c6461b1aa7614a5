import Octets

/// Reads the regular expressions that `matches` understands: characters, `.`, classes, groups, `|`, `*`, `+`, `?`,
/// `{n}`, `{n,}`, `{n,m}`. What needs backtracking (references, look-around), or would mean less than it seems to
/// (anchors, since the whole value is compared), is refused with the way out.
struct PatternParser {
    /// Octets of a pattern.
    static let octetsMax = 256
    /// A counted repetition.
    static let countMax = 64
    /// Groups inside groups.
    static let depthMax = 16

    private let text: String
    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var depth = 0

    static func parse(_ text: String) throws(ValueProblem) -> PatternNode {
        guard text.utf8.count <= octetsMax else { throw ValueProblem("a pattern has \(octetsMax) octets at most") }
        var parser = PatternParser(text)
        let node = try parser.choice()
        if parser.peek != nil { throw parser.problem("a ) closes nothing; write \\) for the character") }
        guard node.positions <= PositionSet.positionsMax else {
            throw parser.problem(
                "it has more than \(PositionSet.positionsMax) positions once its repetitions are written out")
        }
        return node
    }

    private init(_ text: String) {
        self.text = text
        scalars = Array(text.unicodeScalars)
    }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek else { return nil }
        place += 1
        return scalar
    }

    private func problem(_ message: String) -> ValueProblem { ValueProblem("\(Shown.value(text)): \(message)") }

    // MARK: - From the outside in

    private mutating func choice() throws(ValueProblem) -> PatternNode {
        var branches = [try sequence()]
        while peek == "|" {
            place += 1
            branches.append(try sequence())
        }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(ValueProblem) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = peek, scalar != "|", scalar != ")" { parts.append(try repetition()) }
        guard !parts.isEmpty else {
            throw problem("something is empty: a pattern, a group or a side of |; use ? instead")
        }
        return .sequence(parts)
    }

    private mutating func repetition() throws(ValueProblem) -> PatternNode {
        let part = try atom()
        let repeated: PatternNode
        switch peek {
        case "*": repeated = .repeated(part, least: 0, most: nil)
        case "+": repeated = .repeated(part, least: 1, most: nil)
        case "?": repeated = .repeated(part, least: 0, most: 1)
        case "{":
            place += 1
            let (least, most) = try counts()
            repeated = .repeated(part, least: least, most: most)
            place -= 1
        default: return part
        }
        place += 1
        if let scalar = peek, "*+?{".unicodeScalars.contains(scalar) {
            throw problem("\(scalar) stands behind a repetition; put a group around what is repeated")
        }
        return repeated
    }

    /// What stands between braces, and the closing one.
    private mutating func counts() throws(ValueProblem) -> (Int, Int?) {
        var inner = ""
        while let scalar = next(), scalar != "}" { inner.unicodeScalars.append(scalar) }
        let parts = inner.split(separator: ",", omittingEmptySubsequences: false)
        let least = parts.first.flatMap { DecimalDigits.int($0) }
        let most = parts.count == 2 && !parts[1].isEmpty ? DecimalDigits.int(parts[1]) : parts.count == 1 ? least : nil
        let isOpen = parts.count == 2 && parts[1].isEmpty
        guard let least, parts.count <= 2, isOpen || most != nil, (most ?? least) <= Self.countMax,
            isOpen || (most ?? 0) >= max(least, 1)
        else {
            throw problem("a repetition is {2}, {2,} or {2,5}, up to \(Self.countMax); write \\{ for the character")
        }
        return (least, most)
    }

    private mutating func atom() throws(ValueProblem) -> PatternNode {
        guard let scalar = next() else { throw problem("it breaks off") }
        switch scalar {
        case ".": return .one(.any)
        case "(": return try group()
        case "[": return .one(try characterClass())
        case "\\": return .one(try escaped())
        case "^", "$":
            throw problem("the whole value is compared, so \(scalar) is not needed; leave it out, or write \\\(scalar)")
        case "*", "+", "?", "{": throw problem("\(scalar) repeats nothing; write \\\(scalar) for the character")
        case "]", "}": throw problem("a \(scalar) closes nothing; write \\\(scalar) for the character")
        default: return .one(.one(scalar))
        }
    }

    private mutating func group() throws(ValueProblem) -> PatternNode {
        if peek == "?" {
            place += 1
            guard next() == ":" else {
                throw problem("(? … ) is not understood: no look-around, no options, no names; groups are ( ) or (?: )")
            }
        }
        depth += 1
        guard depth <= Self.depthMax else { throw problem("groups are nested deeper than \(Self.depthMax)") }
        let inner = try choice()
        guard next() == ")" else { throw problem("a ( is not closed") }
        depth -= 1
        return inner
    }

    /// Behind a backslash.
    private mutating func escaped() throws(ValueProblem) -> CharacterClass {
        guard let scalar = next() else { throw problem("a \\ stands at the end") }
        switch scalar {
        case "D": return CharacterClass(ranges: CharacterClass.digits, isNegated: true)
        case "W": return CharacterClass(ranges: CharacterClass.wordCharacters, isNegated: true)
        case "S": return CharacterClass(ranges: CharacterClass.spaces, isNegated: true)
        default: return CharacterClass(ranges: try escapedRanges(scalar))
        }
    }

    private func escapedRanges(_ scalar: Unicode.Scalar) throws(ValueProblem) -> [ClosedRange<UInt32>] {
        switch scalar {
        case "d": return CharacterClass.digits
        case "w": return CharacterClass.wordCharacters
        case "s": return CharacterClass.spaces
        default: break
        }
        let isAlphanumeric =
            ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        guard scalar.isASCII, scalar.value > 0x20, scalar.value < 0x7F, !isAlphanumeric else {
            throw problem(
                "\\\(scalar) is not understood; there are \\d \\w \\s \\D \\W \\S, and \\ before a punctuation mark")
        }
        return [scalar.value...scalar.value]
    }

    /// Behind `[`, with the closing bracket.
    private mutating func characterClass() throws(ValueProblem) -> CharacterClass {
        var characters = CharacterClass(ranges: [])
        if peek == "^" {
            place += 1
            characters.isNegated = true
        }
        while peek != "]" {
            let low = try classMember()
            guard low.count == 1, low[0].count == 1, peek == "-", place + 1 < scalars.count, scalars[place + 1] != "]"
            else {
                characters.ranges += low
                continue
            }
            place += 1
            let high = try classMember()
            guard high.count == 1, high[0].count == 1, low[0].lowerBound <= high[0].lowerBound else {
                throw problem(
                    "a range in [ ] runs from a lower to a higher character, as in a-z; write \\- for a hyphen")
            }
            characters.ranges.append(low[0].lowerBound...high[0].lowerBound)
        }
        place += 1
        guard !characters.ranges.isEmpty else {
            throw problem("[] holds nothing; write \\[ and \\] for the characters")
        }
        return characters
    }

    private mutating func classMember() throws(ValueProblem) -> [ClosedRange<UInt32>] {
        guard let scalar = next() else { throw problem("a [ is not closed") }
        if scalar == "[" { throw problem("a [ inside [ ] is written \\[; [:names:] are not understood") }
        guard scalar == "\\" else { return [scalar.value...scalar.value] }
        guard let escaped = next() else { throw problem("a [ is not closed") }
        return try escapedRanges(escaped)
    }
}
