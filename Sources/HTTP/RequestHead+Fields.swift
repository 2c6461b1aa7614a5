/// Fields and octets of a request's head. Written out for each kind of head, and inlined: a protocol over both would
/// copy the whole head at every call from another module.
extension RequestHead {
    /// The octets of the head, then parts of it in their normal form; every `Slice` of this head points into them.
    @inlinable package var bytes: [UInt8] { block.bytes }
    /// The fields in the order of their lines.
    @inlinable package var fields: [Field] { block.fields }
    @inlinable package var fieldCount: Int { block.fields.count }
    /// - Parameter index: from 0 to below `fieldCount`; anything else is a fault of the caller's.
    @inlinable package func field(_ index: Int) -> Field { block.fields[index] }

    /// The value of the first field of this name; nil when there is none, and for `other`.
    @inlinable package func first(_ known: KnownField) -> Slice? { block.first(known) }
    /// How many fields have this name; 0 for `other`.
    @inlinable package func count(_ known: KnownField) -> Int { block.count(known) }
    /// `Connection` names this field, so it concerns this connection only (RFC 9110 §7.6.1).
    @inlinable package func isNominatedByConnection(_ field: Field) -> Bool {
        !block.nominated.isEmpty && block.connectionNames(field)
    }

    /// The octets of a slice.
    package func octets(_ slice: Slice) -> ArraySlice<UInt8> { block.octets(slice) }
    /// For records and errors only: octets that are not UTF-8 become U+FFFD.
    package func text(_ slice: Slice) -> String { String(decoding: block.octets(slice), as: UTF8.self) }

    /// Octet by octet.
    @inlinable package func equals(_ slice: Slice, _ octets: [UInt8]) -> Bool { block.equals(slice, octets) }
    /// ASCII letters in either case; `lowercased` must have none in upper case.
    @inlinable package func matches(_ slice: Slice, _ lowercased: [UInt8]) -> Bool { block.matches(slice, lowercased) }
    /// ASCII letters in either case; `lowercased` must have none in upper case.
    @inlinable package func matches(_ slice: Slice, _ lowercased: StaticString) -> Bool {
        block.matches(slice, lowercased)
    }
    /// The field has this name in any of the spellings that an upstream might take for it: either case, and any other
    /// character for `-`. `folded` is in lower case with `-`.
    package func isNamed(_ field: Field, folded: [UInt8]) -> Bool { block.isNamed(field, folded: folded) }
}
