import Policy

/// The octets of `routes.yaml` as Unicode scalars, after everything is refused that an editor and a parser may see
/// differently: invalid UTF-8, control characters, other line ends, invisible direction marks (CVE-2021-42574).
///
/// Some characters are then replaced by private ones, one for one so that columns stay. `*` is: a YAML alias cannot be
/// written any more, thus no alias can be expanded ("billion laughs"), and a plain scalar that begins with the private
/// star was one. The parser replaces the first character of a repeated key to find all repetitions, not only the first.
struct DocumentText {
    static let tooLargeMessage = "the file is larger than 1 MiB; nothing was read"

    private var scalars: [Unicode.Scalar]
    /// What the private characters stand for, by their distance from U+E000.
    private var replaced: [Unicode.Scalar] = ["*"]
    /// Replacements at most, so that the number of times a text is parsed is bounded.
    private static let replacementsMax = 40

    /// nil when the text cannot be used; what is wrong is among the findings.
    init?(_ bytes: [UInt8], findings: FindingCollector) {
        guard bytes.count <= PolicyReader.fileBytesMax else {
            findings.error(.fileTooLarge, at: .start, Self.tooLargeMessage)
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let position = Self.positionOfInvalidUTF8(in: bytes)
            findings.error(.notUTF8, at: position, "this octet is not UTF-8; save the file as UTF-8")
            return nil
        }
        scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        if let (position, scalar) = firstForbidden() {
            findings.error(
                .forbiddenCharacter, at: position,
                "the character U+\(Self.hex(scalar.value)) cannot stand in this file; write it as \"\\u\(Self.hex(scalar.value))\" if it is meant"
            )
            return nil
        }
        for index in scalars.indices where scalars[index] == "*" { scalars[index] = Self.privateScalar(0) }
    }

    /// What Yams is given.
    var string: String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }

    /// A string from Yams with the private characters turned back.
    func restored(_ string: String) -> String {
        guard string.unicodeScalars.contains(where: Self.isPrivate) else { return string }
        var view = String.UnicodeScalarView()
        for scalar in string.unicodeScalars {
            let offset = Int(scalar.value) - 0xE000
            view.append(replaced.indices.contains(offset) ? replaced[offset] : scalar)
        }
        return String(view)
    }

    /// Whether this plain scalar was an alias before `*` was replaced.
    func wasAlias(_ string: String) -> Bool {
        string.unicodeScalars.first == Self.privateScalar(0)
    }

    /// Makes the key at the position another key, for the parser's eyes. False when that is not possible.
    mutating func disguiseKey(at position: SourcePosition) -> Bool {
        guard replaced.count <= Self.replacementsMax, var index = index(of: position) else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard scalars.indices.contains(index), !["\"", "'", "\n", "\r", ":", " "].contains(scalars[index]) else {
            return false
        }
        let original = scalars[index]
        let offset = Int(original.value) - 0xE000
        // A star (or a key disguised before) keeps what it stood for.
        replaced.append(replaced.indices.contains(offset) ? replaced[offset] : original)
        scalars[index] = Self.privateScalar(replaced.count - 1)
        return true
    }

    private func index(of position: SourcePosition) -> Int? {
        var place = SourcePosition.start
        for index in scalars.indices {
            if place == position { return index }
            place.pass(endingLine: Self.endsLine(scalars, index))
        }
        return nil
    }

    private func firstForbidden() -> (SourcePosition, Unicode.Scalar)? {
        var position = SourcePosition.start
        for index in scalars.indices {
            if Self.isForbidden(scalars[index]) { return (position, scalars[index]) }
            position.pass(endingLine: Self.endsLine(scalars, index))
        }
        return nil
    }

    /// LF, CRLF (at its LF) and a CR alone end a line, as for libyaml.
    private static func endsLine(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        if scalars[index] == "\n" { return true }
        guard scalars[index] == "\r" else { return false }
        return index + 1 >= scalars.count || scalars[index + 1] != "\n"
    }

    private static func isForbidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D: false
        case 0x00...0x1F, 0x7F...0x9F: true
        case 0x2028, 0x2029: true  // line ends to libyaml, not to editors
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true  // change the reading direction
        case 0xE000...0xF8FF: true  // private use: taken, see above
        case 0xFFFE, 0xFFFF: true
        default: false
        }
    }

    private static func positionOfInvalidUTF8(in bytes: [UInt8]) -> SourcePosition {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var scalars: [Unicode.Scalar] = []
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { scalars.append(scalar) }
        // It is no column of the file's, as everywhere.
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        var position = SourcePosition.start
        for index in scalars.indices { position.pass(endingLine: endsLine(scalars, index)) }
        return position
    }

    private static func isPrivate(_ scalar: Unicode.Scalar) -> Bool { (0xE000...0xF8FF).contains(scalar.value) }

    private static func privateScalar(_ offset: Int) -> Unicode.Scalar {
        Unicode.Scalar(UInt16(0xE000 + offset)) ?? "\u{E000}"
    }

    private static func hex(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension SourcePosition {
    /// Goes on by one character, which ends its line or not.
    fileprivate mutating func pass(endingLine: Bool) {
        self = endingLine ? SourcePosition(line: line + 1, column: 1) : SourcePosition(line: line, column: column + 1)
    }
}
