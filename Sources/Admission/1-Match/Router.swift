package import HTTP
package import Policy

/// Finds the route of a request.
///
/// A route matches when its hosts, its path and its methods all do. Of several the most specific wins, whatever their
/// order in the file: an exact host before `*.` hosts (longer first) before any host; then, segment by segment from
/// the left, a literal before a capture before a rest. Of two that are equal in that, the first in the file wins;
/// `check` reports the other as shadowed. So a host, or a path, whose own routes do not fit leaves the request to
/// less specific ones: what `GET /orders/{rest...}` answers is not lost by adding `POST /orders`.
///
/// The cost is that of hashing the host and each segment once or twice: it does not grow with the number of routes.
package final class Router: Sendable {
    private let hosts: HostTable
    private let tree: PathTree
    /// What is needed of each route after the match.
    private struct Condition: Sendable {
        var allowPath: PathFeatures
        var clientCertificate: Bool
    }
    private let conditions: [Condition]

    /// - Parameters:
    ///   - routes: `Policy.routes`, in the order of the file.
    ///   - outside: those that are for this machine only do not exist: a request for one is a request for a path that
    ///   was never heard of.
    package init(_ routes: [Route], outside: Bool = false) {
        var tree = PathTree()
        hosts = HostTable(routes.map { outside && $0.isForThisMachine ? nil : $0.match }, tree: &tree)
        self.tree = tree
        conditions = routes.map { route in
            Condition(allowPath: route.allowPath, clientCertificate: route.require?.needsClientCertificate ?? false)
        }
    }

    /// The route of a request, or `misdirected` 421, `no_route` 404, `method_not_allowed` 405, `bad_path` 400.
    ///
    /// Misdirected (RFC 9110 §15.5.20): the client's TLS connection was made for another host (its SNI differs from
    /// the request's host), and the two hosts are not served by exactly the same routes, or the route found demands
    /// a client certificate. A connection without SNI, or without TLS, was made for no host in particular: it passes
    /// here, and the certificate that a route demands is checked later against what the connection really showed.
    /// - Parameter sni: the server name of the TLS handshake, lower-case, without a trailing dot; nil: none.
    package func match(_ head: borrowing RequestHead, sni: [UInt8]?) throws(Refusal) -> RouteMatch {
        let bytes = head.block.bytes
        let octets = bytes.span
        let host = head.host
        let foreign = sni.map { !Self.equals($0.span, octets, host) } ?? false
        if foreign, let sni {
            let name = sni.span
            guard
                hosts.protection(name, from: 0, to: name.count)
                    == hosts.protection(octets, from: host.start, to: host.end)
            else { throw Refusal(.misdirected) }
        }
        let path = head.path
        var search = PathTree.Search(method: head.method, methodText: head.methodText, end: path.end)
        guard let route = find(octets, host, path.start, &search) else {
            guard search.sawPath else { throw Refusal(.noRoute) }
            search.allow = []
            _ = find(octets, host, path.start, &search)
            throw Refusal(.methodNotAllowed, retryAfterSeconds: nil, allow: (search.allow ?? []).sorted())
        }
        let condition = conditions[Int(route)]
        if foreign, condition.clientCertificate { throw Refusal(.misdirected) }
        guard head.pathFeatures.subtracting(condition.allowPath).isEmpty else { throw Refusal(.badPath) }
        return RouteMatch(route: Int(route), captures: search.captures.bounded())
    }

    /// The route that the request's host and path lead to by a method, which need not be the request's.
    package func route(for head: borrowing RequestHead, method: Method) -> Int? {
        var search = PathTree.Search(method: method, methodText: Slice(), end: head.path.end)
        return find(head.block.bytes.span, head.host, head.path.start, &search).map(Int.init)
    }

    /// The methods by which the request's host and path can be asked; none: of no route.
    package func methods(for head: borrowing RequestHead) -> [String] {
        var search = PathTree.Search(method: .other, methodText: Slice(), end: head.path.end)
        search.allow = []
        _ = find(head.block.bytes.span, head.host, head.path.start, &search)
        return (search.allow ?? []).sorted()
    }

    private func find(
        _ octets: borrowing Span<UInt8>, _ host: Slice, _ path: Int, _ search: inout PathTree.Search
    ) -> Int32? {
        if let entry = hosts.exactEntry(octets, from: host.start, to: host.end),
            let route = tree.find(entry.root, octets, from: path, &search)
        {
            return route
        }
        var start = host.start
        while let entry = hosts.nextWildcard(octets, from: &start, to: host.end) {
            if let route = tree.find(entry.root, octets, from: path, &search) { return route }
        }
        return tree.find(hosts.any.root, octets, from: path, &search)
    }

    private static func equals(_ name: borrowing Span<UInt8>, _ octets: borrowing Span<UInt8>, _ slice: Slice) -> Bool {
        guard name.count == slice.end - slice.start else { return false }
        for offset in 0..<name.count where name[offset] != octets[slice.start + offset] { return false }
        return true
    }
}

extension Requirement {
    /// A verified client certificate has to be on the connection: demanded, or needed to show an identity.
    var needsClientCertificate: Bool { clientCertificate || !clientIdentities.isEmpty }
}
