/// Host entries of routes.
package enum HostPattern {
    /// Whether the entry (a name, or `*.example.com`: one label or more) takes in the host.
    package static func covers(_ entry: String, _ host: String) -> Bool {
        guard entry.hasPrefix("*.") else { return entry == host }
        let suffix = entry.dropFirst()
        return host.hasSuffix(suffix) && host.utf8.count > suffix.utf8.count
    }
}
