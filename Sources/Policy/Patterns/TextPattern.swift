/// A regular expression that is compared with a whole text, character by character, in time proportional to its length.
///
/// It is run as an automaton of positions (Glushkov): each character of the pattern is one position, and the text is
/// walked through once with the set of positions that have been reached. Nothing backtracks, nothing is allocated, and
/// the cost is bounded: 512 octets of text times 256 positions.
package struct TextPattern: Sendable {
    /// A longer text matches nothing.
    package static let valueOctetsMax = 512

    /// As written.
    package let text: String
    private let automaton: PositionAutomaton

    /// nil when the pattern is not one that is understood; `PolicyReader` says why.
    package init?(_ text: String) {
        guard let pattern = try? TextPattern(parsing: text) else { return nil }
        self = pattern
    }

    init(parsing text: String) throws(ValueProblem) {
        self.text = text
        automaton = PositionAutomaton(try PatternParser.parse(text))
    }

    /// Whether the whole text is one that the pattern describes.
    package func matches(_ value: String) -> Bool {
        value.utf8.count <= Self.valueOctetsMax && automaton.accepts(value)
    }
}

extension TextPattern: Equatable {
    package static func == (one: TextPattern, other: TextPattern) -> Bool {
        one.text.utf8.elementsEqual(other.text.utf8)
    }
}

/// The positions of a pattern, and which may come after which.
struct PositionAutomaton: Sendable {
    private var characters: [CharacterClass] = []
    private var followers: [PositionSet] = []
    private var first = PositionSet()
    private var last = PositionSet()
    private var acceptsEmpty = false

    /// - Parameter node: of `PositionSet.positionsMax` positions at most.
    init(_ node: PatternNode) {
        let whole = add(node)
        first = whole.first
        last = whole.last
        acceptsEmpty = whole.mayBeEmpty
    }

    func accepts(_ text: String) -> Bool {
        var candidates = first
        var reached = PositionSet()
        var isEmpty = true
        for scalar in text.unicodeScalars {
            isEmpty = false
            reached = PositionSet()
            var next = PositionSet()
            candidates.forEach { position in
                guard characters[position].contains(scalar) else { return }
                reached.insert(position)
                next.formUnion(followers[position])
            }
            if reached.isEmpty { return false }
            candidates = next
        }
        return isEmpty ? acceptsEmpty : reached.intersects(last)
    }

    // MARK: - Building

    /// A part of the pattern: where it may begin and end.
    private struct Part {
        var first = PositionSet()
        var last = PositionSet()
        var mayBeEmpty = true
    }

    private mutating func add(_ node: PatternNode) -> Part {
        switch node {
        case .one(let characters):
            let position = self.characters.count
            self.characters.append(characters)
            followers.append(PositionSet())
            return Part(first: PositionSet(position), last: PositionSet(position), mayBeEmpty: false)
        case .sequence(let parts):
            var whole = Part()
            for part in parts { whole = joined(whole, add(part)) }
            return whole
        case .choice(let branches):
            var whole = Part(mayBeEmpty: false)
            for branch in branches {
                let part = add(branch)
                whole.first.formUnion(part.first)
                whole.last.formUnion(part.last)
                whole.mayBeEmpty = whole.mayBeEmpty || part.mayBeEmpty
            }
            return whole
        case .repeated(let inner, let least, let most):
            return repeated(inner, least, most)
        }
    }

    private mutating func repeated(_ inner: PatternNode, _ least: Int, _ most: Int?) -> Part {
        var whole = Part()
        // `x{2,}` is `x` and an `x` that may follow itself; `x{0,}` the latter, left out at will.
        let copies = most ?? max(least, 1)
        for copy in 1...max(copies, 1) {
            var part = add(inner)
            if most == nil, copy == copies { link(part.last, part.first) }
            if copy > least { part.mayBeEmpty = true }
            whole = joined(whole, part)
        }
        return whole
    }

    private mutating func joined(_ one: Part, _ other: Part) -> Part {
        link(one.last, other.first)
        return Part(
            first: one.mayBeEmpty ? one.first.union(other.first) : one.first,
            last: other.mayBeEmpty ? one.last.union(other.last) : other.last,
            mayBeEmpty: one.mayBeEmpty && other.mayBeEmpty)
    }

    private mutating func link(_ from: PositionSet, _ to: PositionSet) {
        var positions: [Int] = []
        from.forEach { positions.append($0) }
        for position in positions { followers[position].formUnion(to) }
    }
}

extension ValueKind where Value == TextPattern {
    /// A pattern in the syntax of `TextPattern`, not empty.
    package static var textPattern: ValueKind {
        ValueKind("a pattern such as \"[a-z]+-[0-9]{3}\"") { scalar throws(ValueProblem) in
            if scalar.text.isEmpty { throw ValueProblem("must not be empty") }
            return try TextPattern(parsing: scalar.text)
        }
    }
}
