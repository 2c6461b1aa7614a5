import HTTP
import Policy

/// The paths of all routes as one tree over path segments, with a root for each group of hosts.
///
/// A request walks down it once: at each node a literal segment is tried before a capture and a capture before a
/// rest, so that the first leaf whose methods fit is the most specific route. Walking back costs at most one visit
/// of each node that the path could reach; how many those are depends on the policy, not on the number of its routes
/// nor on the client. Nothing is allocated.
struct PathTree: Sendable {
    private struct Node: Sendable {
        var hasLiterals = false
        var capture: Int32 = -1
        /// Leaf for paths that end here.
        var leaf: Int32 = -1
        /// Leaf for paths that go on in any way, or end here.
        var rest: Int32 = -1
    }
    private static let none = Int32.max
    /// One for each `Method`.
    private let methodCount = Method.allCases.count

    private var nodes: [Node] = []
    /// (node, segment) -> node
    private var literals = OctetTable()
    /// For each leaf a row of route indices, one for each `Method`; that of `.other` is for routes of any method.
    private var methods: [Int32] = []
    /// (leaf, method) -> route, for methods that HTTP has no constant for.
    private var otherMethods = OctetTable()
    /// For each leaf what `Allow` lists; empty: any method.
    private var allowed: [[String]] = []

    // MARK: - Building

    /// A new root: where the paths of one group of hosts begin.
    mutating func addRoot() -> Int32 {
        addNode()
    }

    /// Adds a route below a root. Of two with the same pattern and method, the one added first stays.
    mutating func add(_ rule: RouteMatchRule, route: Int32, root: Int32) {
        var node = root
        let segments = rule.path.segments.isEmpty ? [.literal("")] : rule.path.segments
        for segment in segments {
            switch segment {
            case .literal(let text):
                node = literal(Array(text.utf8), below: node)
            case .capture:
                if nodes[Int(node)].capture < 0 { nodes[Int(node)].capture = addNode() }
                node = nodes[Int(node)].capture
            case .rest:
                if nodes[Int(node)].rest < 0 { nodes[Int(node)].rest = addLeaf() }
                add(rule.methods, route: route, leaf: nodes[Int(node)].rest)
                return
            }
        }
        if nodes[Int(node)].leaf < 0 { nodes[Int(node)].leaf = addLeaf() }
        add(rule.methods, route: route, leaf: nodes[Int(node)].leaf)
    }

    private mutating func addNode() -> Int32 {
        nodes.append(Node())
        return Int32(truncatingIfNeeded: nodes.count - 1)
    }

    private mutating func addLeaf() -> Int32 {
        methods.append(contentsOf: repeatElement(Self.none, count: methodCount))
        allowed.append([])
        return Int32(truncatingIfNeeded: allowed.count - 1)
    }

    private mutating func literal(_ name: [UInt8], below node: Int32) -> Int32 {
        if let child = literals.find(node, name) { return child }
        let child = addNode()
        literals.insert(node, name, child)
        nodes[Int(node)].hasLiterals = true
        return child
    }

    private mutating func add(_ names: [String], route: Int32, leaf: Int32) {
        let row = Int(leaf) * methodCount
        if names.isEmpty {
            for column in row..<row + methodCount { methods[column] = min(methods[column], route) }
        }
        for name in names {
            let octets = Array(name.utf8)
            if let column = Self.column(of: octets) {
                methods[row + column] = min(methods[row + column], route)
            } else if otherMethods.find(leaf, octets) == nil {
                otherMethods.insert(leaf, octets, route)
            }
            if !allowed[Int(leaf)].contains(name) { allowed[Int(leaf)].append(name) }
        }
    }

    /// The place in a row of a method that HTTP has a constant for.
    private static func column(of name: [UInt8]) -> Int? {
        let method = Method.allCases.first { method in
            method != .other && method.token.withUTF8Buffer { $0.elementsEqual(name) }
        }
        return method.map { Int($0.rawValue) }
    }

    // MARK: - Walking

    /// What a walk looks for, and what it has seen so far.
    struct Search {
        let method: Method
        let methodText: Slice
        let end: Int
        var captures = Captures()
        /// A leaf was reached whose methods did not fit: 405 rather than 404.
        var sawPath = false
        /// nil: find a route; otherwise collect the methods of every leaf on the way.
        var allow: [String]?
    }

    /// The most specific route below `root` for the path `octets[start..<search.end]`, which begins with a slash.
    func find(_ root: Int32, _ octets: borrowing Span<UInt8>, from start: Int, _ search: inout Search) -> Int32? {
        guard start < search.end, octets[start] == UInt8(ascii: "/") else { return nil }
        return walk(root, octets, start + 1, &search)
    }

    /// - Parameter start: where the next segment begins; past the end of the path when there is none.
    private func walk(_ index: Int32, _ octets: borrowing Span<UInt8>, _ start: Int, _ search: inout Search) -> Int32? {
        let node = nodes[Int(index)]
        guard start <= search.end else {
            if node.leaf >= 0, let route = select(node.leaf, octets, &search) { return route }
            return rest(node, octets, search.end, &search)
        }
        var hash = OctetTable.Hash()
        var end = start
        while end < search.end {
            let octet = octets[end]
            if octet == UInt8(ascii: "/") { break }
            hash.add(octet)
            end += 1
        }
        if node.hasLiterals, let child = literals.find(index, octets, from: start, to: end, hash: hash),
            let route = walk(child, octets, end + 1, &search)
        {
            return route
        }
        if node.capture >= 0, end > start {
            search.captures.push(start, end)
            if let route = walk(node.capture, octets, end + 1, &search) { return route }
            search.captures.pop()
        }
        return rest(node, octets, start, &search)
    }

    private func rest(_ node: Node, _ octets: borrowing Span<UInt8>, _ start: Int, _ search: inout Search) -> Int32? {
        guard node.rest >= 0 else { return nil }
        search.captures.push(start, search.end)
        if let route = select(node.rest, octets, &search) { return route }
        search.captures.pop()
        return nil
    }

    private func select(_ leaf: Int32, _ octets: borrowing Span<UInt8>, _ search: inout Search) -> Int32? {
        if search.allow != nil {
            for name in allowed[Int(leaf)] where search.allow?.contains(name) == false { search.allow?.append(name) }
            return nil
        }
        var route = methods[Int(leaf) * methodCount + Int(search.method.rawValue)]
        if search.method == .other {
            let text = search.methodText
            var hash = OctetTable.Hash()
            for index in text.start..<text.end { hash.add(octets[index]) }
            if let named = otherMethods.find(leaf, octets, from: text.start, to: text.end, hash: hash) {
                route = min(route, named)
            }
        }
        guard route != Self.none else {
            search.sawPath = true
            return nil
        }
        return route
    }
}
