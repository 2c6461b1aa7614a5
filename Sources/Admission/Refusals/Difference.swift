import JSON
import Octets

/// What was found where something else was expected, in words for records: `token_use: id` for `token_use: access`.
/// Found is what somebody sent.
package struct Difference: Sendable, Equatable {
    /// A claim with its value, a name, a thumbprint: 256 octets at most.
    package let found: String
    /// nil: what was found says it all.
    package let expected: String?

    /// Octets of either at most.
    private static let octetsMax = 256

    /// Cuts what is longer than a record may have.
    package init(found: String, expected: String?) {
        self.found = Self.cut(found)
        self.expected = expected.map(Self.cut)
    }

    /// A claim that breaks the rules of all tokens.
    init(claim name: String, _ value: JSON?, expected: String) {
        self.init(found: "\(name): \(Self.written(value))", expected: "\(name): \(expected)")
    }

    /// Names, each once, with spaces between them.
    init(found: [String], expected: [String]) {
        self.init(found: found.isEmpty ? "none" : Self.words(found), expected: Self.words(expected))
    }

    /// A text as it is, anything else as JSON.
    static func text(_ value: JSON?) -> String { value?.string ?? written(value) }

    /// As it stands in JSON.
    static func written(_ value: JSON?) -> String {
        value.map { String(decoding: $0.serialized(), as: UTF8.self) } ?? "absent"
    }

    static func words(_ names: [String]) -> String {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.joined(separator: " ")
    }

    static func cut(_ text: String) -> String {
        guard text.utf8.count > octetsMax else { return text }
        return String(decoding: text.utf8.prefix(octetsMax), as: UTF8.self)
    }
}
