/// A JSON document as a value (RFC 8259).
///
/// Strings are compared octet by octet, not by Swift's canonical equivalence: to a protocol, `K` and the Kelvin sign
/// are two names.
package enum JSON: Sendable {
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number without fraction and exponent that fits.
    case integer(Int64)
    /// Any other number; always finite when it was parsed.
    case number(Double)
    /// Unescaped; well-formed, since Swift's texts are.
    case string(String)
    /// In their order.
    case array([JSON])
    /// Each name once.
    case object(JSONObject)
}

extension JSON {
    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// nil: it is something else. Nothing is converted.
    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of an integer; nil for `1.0` and `1e3`.
    package var int: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    /// The value of any number.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// nil: it is something else. Nothing is converted.
    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// nil: it is something else.
    package var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// nil: it is something else.
    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }
}

extension JSON: Equatable {
    /// The same value; `1` and `1.0` differ, members in another order do not.
    package static func == (one: JSON, other: JSON) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.hasSameOctets(as: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }
}

extension String {
    /// Equal octet by octet (RFC 8259 §8.3, RFC 8414 §3.3), where `==` would take canonically equivalent texts for
    /// equal.
    package func hasSameOctets(as other: String) -> Bool {
        guard utf8.count == other.utf8.count else { return false }
        // Parsed texts are contiguous; comparing them as generic sequences costs several times as much.
        let same = utf8.withContiguousStorageIfAvailable { own in
            other.utf8.withContiguousStorageIfAvailable { theirs in
                own.count == theirs.count && own.indices.allSatisfy { own[$0] == theirs[$0] }
            }
        }
        return (same ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// The first of members with the same name stays.
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(elements)) }
}
