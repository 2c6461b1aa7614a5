/// What of CBOR (RFC 8949) authenticators write (CTAP 2.1 §8): every length and number in its shortest form, nothing of
/// indefinite length, no tags, no floating-point numbers, no key of a map twice. Everything else is refused, so that
/// octets have one reading only.
package indirect enum CBOR: Sendable {
    /// 0 and above.
    case unsigned(UInt64)
    /// Stands for -1 - n.
    case negative(UInt64)
    /// A byte string.
    case bytes([UInt8])
    /// UTF-8.
    case text(String)
    /// Values in their order.
    case array([CBOR])
    /// In the order in which they were written.
    case map([(key: CBOR, value: CBOR)])
    /// Simple values 20 and 21.
    case bool(Bool)
    /// Simple value 22.
    case null

    /// Octets of a value at most. An attestation with certificates has some thousand.
    package static let bytesMax = 16_384
    /// Arrays and maps inside each other at most; attestations have four.
    package static let depthMax = 8
    /// Values in all, at most.
    package static let valuesMax = 512

    /// One value and nothing behind it.
    package static func parse(_ octets: [UInt8]) throws(CBORError) -> CBOR {
        let (value, end) = try parse(octets, from: 0)
        guard end == octets.count else { throw .trailingOctets }
        return value
    }

    /// One value, and where it ends.
    /// - Parameter start: where it begins; nothing in front of it is looked at.
    package static func parse(_ octets: [UInt8], from start: Int) throws(CBORError) -> (value: CBOR, end: Int) {
        guard start >= 0, start <= octets.count else { throw .truncated }
        guard octets.count - start <= bytesMax else { throw .tooLarge }
        var reader = CBORReader(octets: octets, position: start)
        let value = try reader.value(depth: 0)
        return (value, reader.position)
    }

    /// Of a map with texts as keys.
    package subscript(_ name: String) -> CBOR? {
        guard case .map(let members) = self else { return nil }
        return members.first { member in
            if case .text(let text) = member.key { text.utf8.elementsEqual(name.utf8) } else { false }
        }?.value
    }

    /// Of a map with numbers as keys.
    package subscript(_ label: Int64) -> CBOR? {
        guard case .map(let members) = self else { return nil }
        return members.first { $0.key.integer == label }?.value
    }

    /// nil: it is no number, or one beyond 64 bits with a sign.
    package var integer: Int64? {
        switch self {
        case .unsigned(let number): Int64(exactly: number)
        case .negative(let number): Int64(exactly: number).map { -1 - $0 }
        case .bytes, .text, .array, .map, .bool, .null: nil
        }
    }

    /// nil: it is none.
    package var octets: [UInt8]? { if case .bytes(let octets) = self { octets } else { nil } }
    /// nil: it is none.
    package var string: String? { if case .text(let text) = self { text } else { nil } }
    /// Members of a map; nil: it is none.
    package var memberCount: Int? { if case .map(let members) = self { members.count } else { nil } }
}

/// Why octets are no CBOR as authenticators write it.
package enum CBORError: String, Error, Equatable, Sendable, CaseIterable {
    case truncated, tooLarge, tooDeep, tooManyValues, trailingOctets
    /// A length or number that could be written shorter.
    case notShortest
    /// Indefinite length, tag, floating-point number, or a reserved form.
    case notAllowed
    case duplicateKey
    /// A key that is neither a number nor a text.
    case badKey
    case badText
}

private struct CBORReader {
    let octets: [UInt8]
    var position: Int
    private var valuesLeft = CBOR.valuesMax

    init(octets: [UInt8], position: Int) {
        self.octets = octets
        self.position = position
    }

    mutating func value(depth: Int) throws(CBORError) -> CBOR {
        guard depth <= CBOR.depthMax else { throw .tooDeep }
        guard valuesLeft > 0 else { throw .tooManyValues }
        valuesLeft -= 1
        let head = try next()
        let low = head & 0x1F
        switch head >> 5 {
        case 0: return .unsigned(try argument(low))
        case 1: return .negative(try argument(low))
        case 2: return .bytes(Array(try run(argument(low))))
        case 3:
            guard let text = String(validating: try run(argument(low)), as: UTF8.self) else { throw .badText }
            return .text(text)
        case 4:
            var values: [CBOR] = []
            for _ in 0..<(try count(low)) { values.append(try value(depth: depth + 1)) }
            return .array(values)
        case 5: return .map(try members(try count(low), depth: depth + 1))
        case 7:
            switch low {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 22: return .null
            default: throw .notAllowed
            }
        default: throw .notAllowed
        }
    }

    private mutating func members(_ count: Int, depth: Int) throws(CBORError) -> [(key: CBOR, value: CBOR)] {
        var members: [(key: CBOR, value: CBOR)] = []
        // A key has one spelling, so equal keys have equal octets.
        var keys: Set<[UInt8]> = []
        for _ in 0..<count {
            let start = position
            let key = try value(depth: depth)
            switch key {
            case .unsigned, .negative, .text: break
            case .bytes, .array, .map, .bool, .null: throw .badKey
            }
            guard keys.insert(Array(octets[start..<position])).inserted else { throw .duplicateKey }
            members.append((key, try value(depth: depth)))
        }
        return members
    }

    /// Of an array or a map; each value has an octet at least.
    private mutating func count(_ low: UInt8) throws(CBORError) -> Int {
        guard let count = Int(exactly: try argument(low)), count <= octets.count - position else { throw .truncated }
        return count
    }

    private mutating func argument(_ low: UInt8) throws(CBORError) -> UInt64 {
        let (octetCount, least): (Int, UInt64)
        switch low {
        case 0..<24: return UInt64(low)
        case 24: (octetCount, least) = (1, 24)
        case 25: (octetCount, least) = (2, 1 << 8)
        case 26: (octetCount, least) = (4, 1 << 16)
        case 27: (octetCount, least) = (8, 1 << 32)
        default: throw .notAllowed
        }
        var number: UInt64 = 0
        for _ in 0..<octetCount { number = number << 8 | UInt64(try next()) }
        guard number >= least else { throw .notShortest }
        return number
    }

    private mutating func run(_ length: UInt64) throws(CBORError) -> ArraySlice<UInt8> {
        guard let length = Int(exactly: length), length <= octets.count - position else { throw .truncated }
        defer { position += length }
        return octets[position..<(position + length)]
    }

    private mutating func next() throws(CBORError) -> UInt8 {
        guard position < octets.count else { throw .truncated }
        defer { position += 1 }
        return octets[position]
    }
}
