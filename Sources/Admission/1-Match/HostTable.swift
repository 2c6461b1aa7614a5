import HTTP
import Policy

/// Which roots of the path tree a host leads to, most specific first: its exact name, `*.` names by length, any host.
struct HostTable: Sendable {
    /// A root to walk, and the protection that the host stands under.
    struct Entry: Sendable {
        var root: Int32
        /// Two hosts with the same number are served by exactly the same routes.
        var protection: Int32
    }
    private(set) var entries: [Entry] = []
    private var exact = OctetTable()
    /// `example.com` for `*.example.com`
    private var wildcards = OctetTable()
    /// Bit n: some wildcard's suffix has n labels (63: that many or more). Spares look-ups of suffixes that cannot
    /// match.
    private var wildcardLabels: UInt64 = 0
    /// The entry of routes without hosts; always there, though its root may be empty.
    private(set) var any = Entry(root: 0, protection: 0)

    // MARK: - Building

    /// - Parameter rules: by route; nil: the route does not exist here.
    init(_ rules: [RouteMatchRule?], tree: inout PathTree) {
        any.root = tree.addRoot()
        var routesByHost: [String: [Int]] = [:]
        for (index, rule) in rules.enumerated() {
            guard let rule else { continue }
            if rule.hosts.isEmpty { tree.add(rule, route: Int32(truncatingIfNeeded: index), root: any.root) }
            // Requests have the canonical text; hosts that follow from URLs of the policy may have another.
            for host in rule.hosts.map(IPv6Address.canonicalHost) where routesByHost[host]?.last != index {
                routesByHost[host, default: []].append(index)
            }
        }
        var protections: [[[Int]]: Int32] = [[]: 0]
        for host in routesByHost.keys.sorted() {
            let routes = routesByHost[host] ?? []
            let root = tree.addRoot()
            for route in routes {
                if let rule = rules[route] { tree.add(rule, route: Int32(truncatingIfNeeded: route), root: root) }
            }
            // What serves a host: its own routes and those of every wildcard that covers it. Routes for any host
            // serve all alike, so they make no difference.
            let covering = Self.suffixes(of: host).compactMap { routesByHost["*." + $0] }
            let signature = [routes] + covering
            let protection = protections[signature] ?? Int32(truncatingIfNeeded: protections.count)
            protections[signature] = protection
            let number = Int32(truncatingIfNeeded: entries.count)
            entries.append(Entry(root: root, protection: protection))
            if host.hasPrefix("*.") {
                let suffix = Array(host.utf8.dropFirst(2))
                wildcards.insert(0, suffix, number)
                wildcardLabels |= 1 << UInt64(min(Self.labels(suffix), 63))
            } else {
                exact.insert(0, Array(host.utf8), number)
            }
        }
    }

    private static func suffixes(of host: String) -> [String] {
        let bare = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
        let labels = bare.split(separator: ".", omittingEmptySubsequences: false)
        return labels.indices.dropFirst().map { labels[$0...].joined(separator: ".") }
    }

    private static func labels(_ name: [UInt8]) -> Int {
        name.count(where: { $0 == UInt8(ascii: ".") }) + 1
    }

    // MARK: - Looking up

    /// The entry of exactly this name.
    func exactEntry(_ octets: borrowing Span<UInt8>, from: Int, to: Int) -> Entry? {
        guard let index = exact.find(0, octets, from: from, to: to, hash: Self.hash(octets, from, to)) else {
            return nil
        }
        return entries[Int(index)]
    }

    /// The next wildcard's entry for the name `octets[from..<to]`, longest suffix first.
    /// - Parameter from: where the last suffix began, or the name; moved to where the suffix found begins.
    func nextWildcard(_ octets: borrowing Span<UInt8>, from: inout Int, to: Int) -> Entry? {
        guard wildcardLabels != 0 else { return nil }
        var labels = 1
        for index in from..<to where octets[index] == UInt8(ascii: ".") { labels += 1 }
        while let dot = Self.dot(octets, from, to) {
            from = dot + 1
            labels -= 1
            guard wildcardLabels & (1 << UInt64(min(labels, 63))) != 0 else { continue }
            if let index = wildcards.find(0, octets, from: from, to: to, hash: Self.hash(octets, from, to)) {
                return entries[Int(index)]
            }
        }
        return nil
    }

    /// The protection of a host: that of its most specific entry.
    func protection(_ octets: borrowing Span<UInt8>, from: Int, to: Int) -> Int32 {
        if let entry = exactEntry(octets, from: from, to: to) { return entry.protection }
        var start = from
        return nextWildcard(octets, from: &start, to: to)?.protection ?? any.protection
    }

    private static func dot(_ octets: borrowing Span<UInt8>, _ from: Int, _ to: Int) -> Int? {
        for index in from..<to where octets[index] == UInt8(ascii: ".") { return index }
        return nil
    }

    private static func hash(_ octets: borrowing Span<UInt8>, _ from: Int, _ to: Int) -> OctetTable.Hash {
        var hash = OctetTable.Hash()
        for index in from..<to { hash.add(octets[index]) }
        return hash
    }
}
