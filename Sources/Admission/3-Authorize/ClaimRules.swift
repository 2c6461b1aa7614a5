package import JSON
import Policy

extension ClaimRule {
    /// A claim that is missing, or is of another type than the rule asks for, does not satisfy it.
    func isSatisfied(by claims: JSONObject, path: CapturedPath) -> Bool {
        guard let value = claims.value(at: claim) else { return false }
        switch condition {
        case .equals(let scalar): return scalar.equals(value, path)
        case .oneOf(let scalars): return scalars.contains { $0.equals(value, path) }
        case .contains(let scalar): return scalar.isMember(of: value, path)
        case .matches(let pattern): return value.string.map(pattern.matches) ?? false
        }
    }
}

extension [ClaimRule] {
    /// Whether all are true of claims that stand outside of any route: nothing of a path can be compared with them.
    package func areSatisfied(by claims: JSONObject) -> Bool { allSatisfy { $0.isSatisfied(by: claims, path: .none) } }
}

extension [ClaimRule] {
    /// The first that is not true; nil: all are.
    func firstUnsatisfied(by claims: JSONObject, path: CapturedPath) -> ClaimRule? {
        first { !$0.isSatisfied(by: claims, path: path) }
    }
}

extension ClaimRule {
    /// What the claims have where this rule, which they do not satisfy, has something else.
    func difference(from claims: JSONObject) -> Difference {
        let name = claim.joined(separator: ".")
        let value = claims.value(at: claim)
        let expected =
            switch condition {
            case .equals(let scalar): scalar.text
            case .oneOf(let scalars): Difference.words(scalars.map(\.text))
            case .contains(let scalar): "with \(scalar.text)"
            case .matches(let pattern): "matching \(pattern.text)"
            }
        // The text 1 is not the number 1.
        let found = Difference.text(value) == expected ? Difference.written(value) : Difference.text(value)
        return Difference(found: "\(name): \(found)", expected: "\(name): \(expected)")
    }

    var comparesCaptures: Bool {
        switch condition {
        case .equals(let scalar), .contains(let scalar): scalar.isCapture
        case .oneOf(let scalars): scalars.contains(where: \.isCapture)
        case .matches: false
        }
    }
}

extension ClaimScalar {
    /// For records.
    fileprivate var text: String {
        switch self {
        case .string(let text): text
        case .number(let number): Difference.written(Int64(exactly: number).map { .integer($0) } ?? .number(number))
        case .bool(let bool): bool ? "true" : "false"
        case .capture(_, let name): "{\(name)} of the path"
        }
    }

    fileprivate var isCapture: Bool {
        if case .capture = self { true } else { false }
    }
}

extension JSONObject {
    /// The value at a path of member names, outermost first.
    func value(at path: [String]) -> JSON? {
        guard let first = path.first, var value = self[first] else { return nil }
        for name in path.dropFirst() {
            guard let inner = value.object?[name] else { return nil }
            value = inner
        }
        return value
    }
}

extension ClaimScalar {
    /// Equal in type and value; texts octet by octet, numbers by value, whether `1` or `1.0`.
    func equals(_ value: JSON, _ path: CapturedPath) -> Bool {
        switch (self, value) {
        case (.string(let own), .string(let other)): own.hasSameOctets(as: other)
        case (.number(let own), .integer(let other)): Int64(exactly: own) == other
        case (.number(let own), .number(let other)): own == other
        case (.bool(let own), .bool(let other)): own == other
        case (.capture(let index, _), .string(let other)): path.capture(index, is: other)
        default: false
        }
    }

    /// A member of an array, or a word of a space-delimited text.
    func isMember(of value: JSON, _ path: CapturedPath) -> Bool {
        switch (self, value) {
        case (_, .array(let members)): members.contains { equals($0, path) }
        case (.string(let own), .string(let text)):
            text.utf8.split(separator: 0x20).contains { $0.elementsEqual(own.utf8) }
        case (.capture(let index, _), .string(let text)):
            text.split(separator: " ").contains { path.capture(index, is: String($0)) }
        default: false
        }
    }
}
