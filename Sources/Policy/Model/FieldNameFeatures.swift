/// Spellings of field names that are not passed on unless a route says so: servers that keep fields as variables (CGI, WSGI)
/// take both for `-`, so that another field than the one that was judged could be meant.
package struct FieldNameFeatures: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `_`
    package static let underscore = FieldNameFeatures(rawValue: 1)
    /// `.`
    package static let dot = FieldNameFeatures(rawValue: 2)

    /// As `routes.yaml` names them.
    package static let named: [(name: String, feature: FieldNameFeatures)] = [
        ("underscore", .underscore), ("dot", .dot),
    ]
    /// Of those that are set.
    package var names: [String] { Self.named.filter { contains($0.feature) }.map(\.name) }
}
