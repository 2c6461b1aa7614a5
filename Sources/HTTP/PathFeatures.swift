/// Irregular things in a request's path that a route must allow by name, because services read them differently.
package struct PathFeatures: OptionSet, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `%2F`, kept as it is.
    package static let encodedSlash = PathFeatures(rawValue: 1 << 0)
    /// `%5C`, kept as it is.
    package static let encodedBackslash = PathFeatures(rawValue: 1 << 1)
    /// `//`, kept as it is.
    package static let emptySegments = PathFeatures(rawValue: 1 << 2)
    /// `.` and `..` segments in any spelling, removed (RFC 3986 §5.2.4).
    package static let dotSegments = PathFeatures(rawValue: 1 << 3)
    /// `;`, kept as it is.
    package static let semicolon = PathFeatures(rawValue: 1 << 4)
    /// Octets above 0x7F that were not percent-encoded, in path or query; percent-encoded now.
    package static let nonASCII = PathFeatures(rawValue: 1 << 5)
}

/// The names of path features in `routes.yaml`.
package enum PathName {
    private static let table: [(name: String, feature: PathFeatures)] = [
        ("encoded_slash", .encodedSlash), ("encoded_backslash", .encodedBackslash), ("empty_segments", .emptySegments),
        ("dot_segments", .dotSegments), ("semicolon", .semicolon), ("non_ascii", .nonASCII),
    ]

    /// Every name, for messages.
    package static let names: [String] = table.map(\.name)

    /// nil: there is no feature of this name.
    package static func feature(named name: String) -> PathFeatures? {
        table.first { $0.name == name }?.feature
    }

    /// The names of the features in a set, in the table's order.
    package static func names(of features: PathFeatures) -> [String] {
        table.filter { features.contains($0.feature) }.map(\.name)
    }
}
