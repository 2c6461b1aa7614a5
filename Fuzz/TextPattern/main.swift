@testable import Policy

/// Reads the first line of the input as a pattern and compares the rest with it, beside a second, slow matcher that
/// follows the definition of a regular expression word for word.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let line = octets.firstIndex(of: 0x0A) ?? octets.count
    let text = String(decoding: octets[..<line], as: UTF8.self)
    let value = String(decoding: octets[min(line + 1, octets.count)...], as: UTF8.self)
    guard let node = try? PatternParser.parse(text) else {
        precondition(TextPattern(text) == nil, "a pattern that does not parse was taken")
        return 0
    }
    // A character of a text costs a step for each position at most, so this bound and that of the text's length are
    // what makes a match linear, whatever the pattern.
    precondition((1...PositionSet.positionsMax).contains(node.positions), "a pattern has too many positions")
    guard let pattern = TextPattern(text) else { preconditionFailure("a pattern that parses was refused") }
    precondition(TextPattern(pattern.text) == pattern, "a pattern's text reads as another pattern")
    precondition(value.utf8.count <= TextPattern.valueOctetsMax || !pattern.matches(value))
    if value.utf8.count <= 64 {
        let scalars = Array(value.unicodeScalars)
        precondition(
            pattern.matches(value) == ends(node, scalars, [0]).contains(scalars.count), "the two matchers disagree")
    }
    return 0
}

/// Where a part of the pattern may end when it begins at one of these places.
func ends(_ node: PatternNode, _ scalars: [Unicode.Scalar], _ starts: Set<Int>) -> Set<Int> {
    switch node {
    case .one(let characters):
        return Set(starts.filter { $0 < scalars.count && characters.contains(scalars[$0]) }.map { $0 + 1 })
    case .sequence(let parts):
        return parts.reduce(starts) { ends($1, scalars, $0) }
    case .choice(let branches):
        return branches.reduce(into: []) { $0.formUnion(ends($1, scalars, starts)) }
    case .repeated(let part, let least, let most):
        var reached = starts
        for _ in 0..<least { reached = ends(part, scalars, reached) }
        var all = reached
        var rounds = 0
        while !reached.isEmpty, rounds < (most ?? .max) - least {
            reached = ends(part, scalars, reached).subtracting(all)
            all.formUnion(reached)
            rounds += 1
        }
        return all
    }
}
