package import HTTP

/// The route that a request belongs to, and what its pattern captured.
package struct RouteMatch: Sendable {
    /// Index into `Policy.routes`.
    package let route: Int
    /// In the order of the pattern; parts of the normalised path, still percent-encoded.
    package let captures: Captures
}

/// The captured parts of a path: a short list that needs no memory of its own.
package struct Captures: Sendable {
    /// Captures remembered for one match; a pattern has fewer names than this in practice, and further ones still
    /// match but are not remembered.
    package static let max = 8
    private var slices: InlineArray<8, Slice>
    package private(set) var count = 0

    init() {
        slices = InlineArray(repeating: Slice(start: 0, end: 0))
    }

    /// The capture at `index`, or nil where there is none.
    package subscript(index: Int) -> Slice? {
        index >= 0 && index < count ? slices[index] : nil
    }

    mutating func push(_ start: Int, _ end: Int) {
        if count < Self.max { slices[count] = Slice(start: start, end: end) }
        count += 1
    }

    mutating func pop() {
        count -= 1
    }

    /// As many as are remembered.
    func bounded() -> Captures {
        var copy = self
        copy.count = min(count, Self.max)
        return copy
    }
}
