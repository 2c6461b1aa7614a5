import HTTP
import Policy
import Testing

@testable import Admission

@Suite("Finding the route")
struct RouterTests {
    /// The id of the route, or the refusal's word.
    private func outcome(
        _ routes: [Route], _ method: String, _ path: String, host: String = "api.example.com", outside: Bool = false
    )
        throws -> String
    {
        let router = Router(routes, outside: outside)
        let head = try head(method, path, host: host)
        do throws(Refusal) { return routes[try router.match(head, sni: nil).route].id } catch {
            return error.code.facts.word.description
        }
    }

    static let orders: [Route] = [
        route("/orders/{rest...}", methods: ["GET", "HEAD"], id: "read"),
        route("/orders", methods: ["POST"], id: "create"),
        route("/orders/{id}", methods: ["DELETE", "PURGE"], id: "delete"),
        route("/orders/today", methods: ["GET"], id: "today"),
        route("/orders/{id}/lines/{line}", id: "line"),
        route("/orders/7/lines/last", methods: ["PUT"], id: "last of seven"),
        route("/", methods: ["GET"], id: "root"),
        route("/empty/", id: "slash"),
    ]

    @Test(
        "a literal beats a capture, a capture beats a rest, and the method must fit",
        arguments: [
            ("GET", "/orders", "read"), ("GET", "/orders/", "read"), ("GET", "/orders/7", "read"),
            ("HEAD", "/orders/7/lines", "read"), ("POST", "/orders", "create"), ("DELETE", "/orders/7", "delete"),
            ("PURGE", "/orders/7", "delete"), ("GET", "/orders/today", "today"), ("HEAD", "/orders/today", "read"),
            ("DELETE", "/orders/today", "delete"), ("GET", "/orders/8/lines/1", "line"),
            ("MKCOL", "/orders/8/lines/1", "line"),
            ("PUT", "/orders/7/lines/last", "last of seven"), ("GET", "/orders/7/lines/last", "line"),
            ("GET", "/", "root"), ("GET", "/empty/", "slash"),
            ("PUT", "/orders", "method_not_allowed"), ("POST", "/orders/", "method_not_allowed"),
            ("DELETE", "/orders/", "method_not_allowed"), ("PURGF", "/orders/7", "method_not_allowed"),
            ("purge", "/orders/7", "method_not_allowed"), ("POST", "/", "method_not_allowed"),
            ("GET", "/empty", "no_route"), ("GET", "/order", "no_route"), ("GET", "/ordersx", "no_route"),
            ("GET", "/Orders", "no_route"), ("GET", "/empty/x", "no_route"), ("OPTIONS", "*", "no_route"),
        ])
    func specificity(method: String, path: String, expected: String) throws {
        #expect(try outcome(Self.orders, method, path) == expected)
        #expect(try outcome(Self.orders.reversed(), method, path) == expected)
    }

    @Test(
        "a route for this machine does not exist outside: 404 and never 405, and what less specific routes say",
        arguments: [
            ("GET", "/admin/v1/clients", "admin", "no_route"),
            ("POST", "/admin/v1/clients", "method_not_allowed", "no_route"),
            ("OPTIONS", "/admin/v1", "method_not_allowed", "no_route"), ("GET", "/admin/v2", "no_route", "no_route"),
            ("GET", "/shared/x", "own", "all"), ("POST", "/shared/x", "all", "all"),
        ])
    func thisMachine(method: String, path: String, inside: String, outside: String) throws {
        var admin = route("/admin/v1/{rest...}", hosts: ["api.example.com"], methods: ["GET"], id: "admin")
        admin.isForThisMachine = true
        var own = route("/shared/{id}", methods: ["GET"], id: "own")
        own.isForThisMachine = true
        let routes = [admin, own, route("/shared/{rest...}", id: "all")]
        #expect(try outcome(routes, method, path) == inside)
        #expect(try outcome(routes, method, path, outside: true) == outside)
    }

    @Test(
        "an exact host beats a longer wildcard, that a shorter one, and all of them any host",
        arguments: [
            ("api.example.com", "exact"), ("v2.api.example.com", "long"), ("a.v2.api.example.com", "long"),
            ("www.example.com", "short"), ("a.b.example.com", "short"), ("example.com", "any"), ("xexample.com", "any"),
            ("com", "any"), ("127.0.0.1", "any"), ("[::1]", "any"),
        ])
    func hosts(host: String, expected: String) throws {
        let routes = [
            route("/{rest...}", id: "any"), route("/{rest...}", hosts: ["*.example.com"], id: "short"),
            route("/{rest...}", hosts: ["*.api.example.com"], id: "long"),
            route("/{rest...}", hosts: ["localhost", "api.example.com"], id: "exact"),
        ]
        #expect(try outcome(routes, "GET", "/x", host: host) == expected)
        #expect(try outcome(routes.reversed(), "GET", "/x", host: host) == expected)
    }

    @Test("a host whose own routes do not fit leaves the request to less specific hosts")
    func hostsFallThrough() throws {
        let routes = [
            route("/health", methods: ["GET"], id: "health"), route("/a", hosts: ["*.example.com"], id: "a"),
            route("/b", hosts: ["api.example.com"], methods: ["GET"], id: "b"),
            route("/b", methods: ["POST"], id: "any b"),
        ]
        #expect(try outcome(routes, "GET", "/health") == "health")
        #expect(try outcome(routes, "GET", "/a") == "a")
        #expect(try outcome(routes, "POST", "/b") == "any b")
        #expect(try outcome(routes, "PUT", "/b") == "method_not_allowed")
    }

    @Test("of equal patterns the first in the file wins")
    func firstWins() throws {
        let routes = [
            route("/a/{x}", methods: ["GET"], id: "first"), route("/a/{y}", id: "second"),
            route("/a/{z}", methods: ["POST", "LOCK"], id: "third"),
        ]
        #expect(try outcome(routes, "GET", "/a/1") == "first")
        #expect(try outcome(routes, "POST", "/a/1") == "second")
        #expect(try outcome(routes, "LOCK", "/a/1") == "second")
        #expect(try outcome([routes[2], routes[1]], "LOCK", "/a/1") == "third")
    }

    @Test("405 lists the methods of every route that has the path")
    func allow() throws {
        let router = Router(Self.orders)
        let head = try head("PATCH", "/orders/today")
        #expect(throws: Refusal(.methodNotAllowed, retryAfterSeconds: nil, allow: ["DELETE", "GET", "HEAD", "PURGE"])) {
            try router.match(head, sni: nil)
        }
    }

    @Test("captures are parts of the normalised path")
    func captures() throws {
        let router = Router([route("/{tenant}/orders/{id}/{rest...}")])
        func captured(_ path: String) throws -> [String] {
            let head = try head("GET", path)
            let captures = try router.match(head, sni: nil).captures
            return (0..<captures.count).compactMap { captures[$0].map(head.text) }
        }
        #expect(try captured("/acme/orders/a%7eb/x/y") == ["acme", "a~b", "x/y"])
        #expect(try captured("/acme/orders/7") == ["acme", "7", ""])
        #expect(try captured("/acme/orders/7/") == ["acme", "7", ""])
    }

    @Test("a pattern that was tried in vain leaves no captures behind")
    func capturesOfOtherPatterns() throws {
        let router = Router([route("/{x}/{y}/b"), route("/{x}/lines/{rest...}", methods: ["POST"]), route("/{all...}")])
        let head = try head("GET", "/1/lines/c")
        let match = try router.match(head, sni: nil)
        #expect(match.route == 2 && match.captures.count == 1)
        #expect(match.captures[0].map(head.text) == "1/lines/c")
    }

    @Test("more captures than are remembered still match")
    func manyCaptures() throws {
        let path = (1...12).map { "/{c\($0)}" }.joined()
        let router = Router([route(path + "/end"), route(path)])
        let match = try router.match(try head("GET", "/1/2/3/4/5/6/7/8/9/10/11/12"), sni: nil)
        #expect(match.route == 1)
        #expect(match.captures.count == Captures.max)
        #expect(match.captures[Captures.max] == nil)
        #expect(match.captures[-1] == nil)
    }

    @Test(
        "an irregular path is refused unless the route allows its irregularity",
        arguments: [
            ("/a/x%2Fy", PathFeatures.encodedSlash), ("/a//y", .emptySegments), ("/a/b/../y", .dotSegments),
            ("/a/x;v=1", .semicolon), ("/a/x%5Cy", .encodedBackslash),
        ])
    func irregularPaths(path: String, feature: PathFeatures) throws {
        #expect(try outcome([route("/a/{rest...}")], "GET", path) == "bad_path")
        #expect(try outcome([route("/a/{rest...}", id: "ok", allowPath: feature)], "GET", path) == "ok")
        let others = PathFeatures(rawValue: .max).subtracting(feature)
        #expect(try outcome([route("/a/{rest...}", allowPath: others)], "GET", path) == "bad_path")
    }

    @Test("a router without routes finds none")
    func empty() throws {
        #expect(try outcome([], "GET", "/") == "no_route")
    }

    // MARK: - Against a slow, obvious matcher

    @Test("agrees with trying every route by the rules as they are written down", arguments: 0..<40)
    func property(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let words = ["a", "b", "ab", ""]
        let hosts = ["x.test", "y.x.test", "*.x.test", "*.test", "z.y.x.test"]
        let methods = ["GET", "POST", "LOCK"]
        let routes = (0..<random.below(30)).map { index in
            var path = ""
            for _ in 0...random.below(4) {
                path += "/" + (random.below(3) == 0 ? "{c\(path.utf8.count)}" : words[random.below(words.count)])
            }
            if random.below(3) == 0 { path += "/{rest...}" }
            return route(
                path, hosts: hosts.filter { _ in random.below(4) == 0 },
                methods: methods.filter { _ in random.below(3) == 0 },
                id: "\(index)", allowPath: [.emptySegments])
        }
        for _ in 0..<200 {
            let path = (0...random.below(4)).map { _ in "/" + words[random.below(words.count)] }.joined()
            let host = ["x.test", "y.x.test", "z.y.x.test", "w.test", "test", "other"][random.below(6)]
            let method = methods[random.below(3)]
            let got = try outcome(routes, method, path, host: host)
            #expect(got == obvious(routes, method, path, host), "\(method) \(host)\(path)")
        }
    }

    private func obvious(_ routes: [Route], _ method: String, _ path: String, _ host: String) -> String {
        let fitting = routes.compactMap { route -> (rank: [Int], route: Route)? in
            let hostRank: Int? =
                route.match.hosts.isEmpty
                ? 1000
                : route.match.hosts.compactMap { pattern in
                    if pattern == host { return 0 }
                    if pattern.hasPrefix("*."), host.hasSuffix(pattern.dropFirst()) { return 500 - pattern.utf8.count }
                    return nil
                }.min()
            guard let hostRank, let pathRank = rank(route.match.path, path) else { return nil }
            return ([hostRank] + pathRank, route)
        }
        guard !fitting.isEmpty else { return "no_route" }
        let allowed = fitting.filter { $0.route.match.methods.isEmpty || $0.route.match.methods.contains(method) }
        let best = allowed.enumerated().min { one, other in
            one.element.rank == other.element.rank
                ? one.offset < other.offset : one.element.rank.lexicographicallyPrecedes(other.element.rank)
        }
        return best?.element.route.id ?? "method_not_allowed"
    }

    /// One number for each segment: 0 literal, 1 capture, 2 rest.
    private func rank(_ pattern: PathPattern, _ path: String) -> [Int]? {
        var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)[...]
        var rank: [Int] = []
        for segment in pattern.segments {
            switch segment {
            case .rest: return rank + [2]
            case .literal(let text):
                guard parts.first.map(String.init) == text else { return nil }
                rank.append(0)
            case .capture:
                guard parts.first?.isEmpty == false else { return nil }
                rank.append(1)
            }
            parts = parts.dropFirst()
        }
        return parts.isEmpty ? rank : nil
    }
}

struct SplitMix {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
