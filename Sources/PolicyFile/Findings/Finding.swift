package import Policy

/// A place in a text file, as editors count: both from 1, columns in Unicode scalars.
package struct SourcePosition: Sendable, Hashable, Comparable {
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars: a tab counts as one.
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Where a finding about the whole file stands.
    package static let start = SourcePosition(line: 1, column: 1)

    package static func < (left: SourcePosition, right: SourcePosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Something that `portcullis check` has to say about a place in `routes.yaml`.
///
/// The message names the place, what was found, what was expected and the way out. It never holds a secret value.
package struct Finding: Sendable, Equatable {
    /// Whether the policy can take effect.
    package enum Severity: String, Sendable, Equatable, CaseIterable {
        /// The policy does not take effect.
        case error
        /// The policy takes effect; somebody should look.
        case warning
    }
    /// The file's name as the operator gave it.
    package var file: String
    package var position: SourcePosition
    package var severity: Severity
    package var code: FindingCode
    /// Whole sentences without the place; never a secret value.
    package var message: String

    package init(
        file: String, position: SourcePosition, severity: Severity, code: FindingCode, message: String
    ) {
        self.file = file
        self.position = position
        self.severity = severity
        self.code = code
        self.message = message
    }

    /// `routes.yaml:14:9: error: unknown key "scope" in route "orders.read"; did you mean "scopes"?`
    package var description: String {
        "\(file):\(position.line):\(position.column): \(severity.rawValue): \(message)"
    }
}
