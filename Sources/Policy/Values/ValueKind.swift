import Octets

/// What a scalar can be read as: how it is called in messages, and its parser.
package struct ValueKind<Value> {
    /// "a duration such as 10s".
    package let expected: String
    /// All that can be written, where these are a few words; otherwise empty.
    package let words: [String]
    /// Throws what is wrong with the scalar; the caller knows where it stands.
    package let parse: (DocumentScalar) throws(ValueProblem) -> Value

    package init(
        _ expected: String, words: [String] = [], _ parse: @escaping (DocumentScalar) throws(ValueProblem) -> Value
    ) {
        self.expected = expected
        self.words = words
        self.parse = parse
    }
}

/// Why a scalar cannot be read: the part of the message behind `"rate" in limit "per_client": `.
package struct ValueProblem: Error {
    package var code: FindingCode
    /// Without the place, and without a full stop.
    package var message: String

    package init(_ message: String, code: FindingCode = .badValue) {
        self.code = code
        self.message = message
    }
}

extension ValueKind where Value == String {
    /// Any text on one line, not empty.
    package static var text: ValueKind {
        ValueKind("a text") { scalar throws(ValueProblem) in try plainText(scalar) }
    }

    /// Path of a file, as written.
    package static var path: ValueKind {
        ValueKind("a path of a file") { scalar throws(ValueProblem) in
            let path = try plainText(scalar)
            if path.hasPrefix("~") {
                throw ValueProblem("\(Shown.value(path)): ~ is not expanded; write the whole path")
            }
            return path
        }
    }

    private static func plainText(_ scalar: DocumentScalar) throws(ValueProblem) -> String {
        if scalar.text.isEmpty { throw ValueProblem("must not be empty") }
        if scalar.text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            throw ValueProblem("must not hold control characters or line ends")
        }
        return scalar.text
    }
}

extension ValueKind where Value == Bool {
    /// Only the plain words `true` and `false`: `yes` and `"true"` are refused.
    package static var flag: ValueKind {
        ValueKind("true or false") { scalar throws(ValueProblem) in
            switch (scalar.text, scalar.isPlain) {
            case ("true", true): return true
            case ("false", true): return false
            default: throw ValueProblem("found \(Shown.value(scalar.text)), expected true or false", code: .wrongType)
            }
        }
    }
}

extension ValueKind where Value == Int {
    /// - Parameter range: for the check and for its message.
    package static func number(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind("a whole number") { scalar throws(ValueProblem) in
            guard scalar.isPlain, let number = DecimalDigits.int(scalar.text) else {
                throw ValueProblem("found \(Shown.value(scalar.text)), expected a whole number", code: .wrongType)
            }
            guard range.contains(number) else {
                throw ValueProblem(
                    "\(number) is out of range (\(range.lowerBound) to \(range.upperBound))", code: .outOfRange)
            }
            return number
        }
    }
}

extension ValueKind {
    /// One of some words.
    package static func word(_ words: [String], _ make: @escaping (String) -> Value?) -> ValueKind {
        ValueKind(Shown.choice(words), words: words) { scalar throws(ValueProblem) in
            if words.contains(scalar.text), let value = make(scalar.text) { return value }
            throw ValueProblem(
                "found \(Shown.value(scalar.text)), expected \(Shown.choice(words))"
                    + Spelling.hint(for: scalar.text, among: words))
        }
    }
}

extension ValueKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of the raw values; a near one is suggested in the message.
    package static var word: ValueKind {
        word(Value.allCases.map(\.rawValue)) { Value(rawValue: $0) }
    }
}
