package import HTTP
import Octets
import Policy

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
    package static let max = PathPattern.capturesRememberedMax
    private var slices: InlineArray<8, Slice>
    /// How many were remembered, `max` at most.
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

/// What a request's path captured, for comparing claims with it.
package struct CapturedPath: Sendable {
    private let octets: [UInt8]
    private let captures: Captures

    /// - Parameter head: the head that the match was made from; its octets are kept.
    package init(_ head: borrowing RequestHead, _ match: RouteMatch) {
        octets = head.block.bytes
        captures = match.captures
    }

    private init() {
        octets = []
        captures = Captures()
    }

    /// Nothing was captured.
    package static let none = CapturedPath()

    /// Whether the capture at `index`, percent-decoded, is this text octet by octet. A capture that is not there is
    /// nothing.
    func capture(_ index: Int, is text: String) -> Bool {
        guard let slice = captures[index], slice.start >= 0, slice.start < slice.end, slice.end <= octets.count else {
            return false
        }
        var place = slice.start
        for expected in text.utf8 {
            guard place < slice.end else { return false }
            var octet = octets[place]
            place += 1
            if octet == UInt8(ascii: "%"), place + 1 < slice.end, let high = Hex.value(octets[place]),
                let low = Hex.value(octets[place + 1])
            {
                octet = high << 4 | low
                place += 2
            }
            guard octet == expected else { return false }
        }
        return place == slice.end
    }
}
