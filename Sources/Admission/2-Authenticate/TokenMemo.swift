import HTTP

/// The digests of tokens that were found good a moment ago, found again without hashing: a client shows the same token
/// on each of its requests, and hashing it is the dearest part of knowing it.
///
/// A small table where each token has one place, which the last octets of its signature choose; another token may take
/// it. Only an equal token is a hit, and the comparison takes as long whether it is equal or not, so it tells nobody
/// anything about the tokens of others.
struct TokenMemo {
    private struct Place {
        var token: [UInt8]
        var digest: Digest256
    }
    private var places: [Place?]
    /// A place for each client that calls at the moment; of tokens of ordinary size, 64 KiB on each event loop.
    private static let placesMax = 64
    /// A longer token is hashed each time.
    private static let tokenBytesMax = 4_096

    init() { places = Array(repeating: nil, count: Self.placesMax) }

    func digest(_ bytes: [UInt8], _ token: Slice) -> Digest256? {
        let octets = bytes.span.extracting(token.start..<token.end)
        guard let index = Self.index(octets), let place = places[index] else { return nil }
        return Self.equal(place.token.span.bytes, octets.bytes) ? place.digest : nil
    }

    mutating func remember(_ bytes: [UInt8], _ token: Slice, _ digest: Digest256) {
        guard token.count <= Self.tokenBytesMax, let index = Self.index(bytes.span.extracting(token.start..<token.end))
        else { return }
        places[index] = Place(token: Array(bytes[token.start..<token.end]), digest: digest)
    }

    private static func index(_ octets: Span<UInt8>) -> Int? {
        guard octets.count >= 8 else { return nil }
        let tail = octets.bytes.unsafeLoadUnaligned(fromByteOffset: octets.count - 8, as: UInt64.self)
        return Int(truncatingIfNeeded: (tail &* 0x9E37_79B9_7F4A_7C15) &>> 58)
    }

    private static func equal(_ one: RawSpan, _ other: RawSpan) -> Bool {
        let count = one.byteCount
        guard count == other.byteCount, count >= 8 else { return false }
        var difference: UInt64 = 0
        var offset = 0
        while offset &+ 8 <= count {
            difference |=
                one.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                ^ other.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        // The last eight once more, whatever of them was compared already.
        difference |=
            one.unsafeLoadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
            ^ other.unsafeLoadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
        return difference == 0
    }
}
