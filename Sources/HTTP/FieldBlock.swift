import Octets

/// The octets of a head and where its fields lie in them: what request and response heads have in common.
///
/// Refilled for each message without giving memory back, so a connection allocates for its first message only.
package struct FieldBlock: Sendable {
    /// The octets of the head as they were received, then parts of it in their normal form.
    package internal(set) var bytes: [UInt8] = []
    /// In the order of their lines.
    package internal(set) var fields: [Field] = []
    /// What `Connection` names besides the usual `keep-alive`, `close`, `upgrade`: read once, `ConnectionOptions.most` at
    /// most, so that a head costs no product of its fields and its options.
    @usableFromInline package internal(set) var nominated: [Slice] = []
    /// By `KnownField.rawValue`: one more than the index of the first field of that name; 0: none.
    @usableFromInline package internal(set) var firsts = InlineArray<64, UInt16>(repeating: 0)
    /// By `KnownField.rawValue`: how many there are.
    @usableFromInline package internal(set) var counts = InlineArray<64, UInt16>(repeating: 0)

    package init() {}

    /// The value of the first field of this name; nil when there is none, and for `other`.
    @inlinable package func first(_ known: KnownField) -> Slice? {
        let place = Int(firsts[Int(known.rawValue) & 63])
        return place > 0 && place <= fields.count ? fields[place &- 1].value : nil
    }

    /// How many fields have this name; 0 for `other`.
    @inlinable package func count(_ known: KnownField) -> Int { Int(counts[Int(known.rawValue) & 63]) }

    /// Octet by octet.
    @inlinable package func equals(_ slice: Slice, _ octets: [UInt8]) -> Bool {
        guard slice.count == octets.count, slice.start >= 0, slice.end <= bytes.count else { return false }
        for offset in 0..<octets.count where bytes[slice.start &+ offset] != octets[offset] { return false }
        return true
    }

    /// ASCII letters in either case; `lowercased` must have none in upper case.
    @inlinable package func matches(_ slice: Slice, _ lowercased: [UInt8]) -> Bool {
        guard slice.count == lowercased.count, slice.start >= 0, slice.end <= bytes.count else { return false }
        for offset in 0..<lowercased.count
        where ASCII.lowercased(bytes[slice.start &+ offset]) != lowercased[offset] {
            return false
        }
        return true
    }

    /// ASCII letters in either case; `lowercased` must have none in upper case.
    @inlinable package func matches(_ slice: Slice, _ lowercased: StaticString) -> Bool {
        guard slice.count == lowercased.utf8CodeUnitCount, slice.start >= 0, slice.end <= bytes.count else {
            return false
        }
        for offset in 0..<slice.count
        where ASCII.lowercased(bytes[slice.start &+ offset]) != lowercased.utf8Start[offset] {
            return false
        }
        return true
    }

    /// The field has this name in any of the spellings that an upstream might take for it: either case, and any other
    /// character for `-`. `folded` is in lower case with `-`.
    package func isNamed(_ field: Field, folded: [UInt8]) -> Bool {
        guard field.name.count == folded.count, field.name.end <= bytes.count else { return false }
        for offset in 0..<folded.count
        where FieldName.folded(bytes[field.name.start &+ offset]) != FieldName.folded(folded[offset]) {
            return false
        }
        return true
    }

    /// The field's name begins so, in any of these spellings.
    package func name(_ field: Field, beginsWith folded: [UInt8]) -> Bool {
        guard field.name.count >= folded.count, field.name.end <= bytes.count else { return false }
        for offset in 0..<folded.count
        where FieldName.folded(bytes[field.name.start &+ offset]) != folded[offset] {
            return false
        }
        return true
    }

    /// The octets of a slice; none for a slice that does not lie within them, such as one of another head.
    package func octets(_ slice: Slice) -> ArraySlice<UInt8> {
        guard slice.start >= 0, slice.end <= bytes.count else { return [] }
        return bytes[slice.range]
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        nominated.removeAll(keepingCapacity: true)
        firsts = InlineArray(repeating: 0)
        counts = InlineArray(repeating: 0)
    }

    /// Takes over the head's octets, once its end is known.
    mutating func keep(_ input: Span<UInt8>, count: Int) {
        bytes.removeAll(keepingCapacity: true)
        guard count > 0, count <= input.count else { return }
        input.extracting(0..<count).withUnsafeBufferPointer { bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(_ field: Field) {
        fields.append(field)
        let known = Int(field.known.rawValue) & 63
        guard known != 0 else { return }
        if firsts[known] == 0 { firsts[known] = UInt16(truncatingIfNeeded: fields.count) }
        counts[known] &+= 1
    }
}
