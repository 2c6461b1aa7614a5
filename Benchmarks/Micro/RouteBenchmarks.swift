import Admission
import HTTP
import Policy

/// Finding the route: the cost must not grow with the number of routes.
struct RouteBenchmarks {
    private static let requestsInRotation = 64

    func run(_ stopwatch: Stopwatch) -> [Measurement] {
        [10, 1_000, 10_000].map { count in
            let router = Router((0..<count).map(Self.route))
            let heads = (0..<Self.requestsInRotation).map { Self.head($0 * 7_919 % count) }
            for (place, head) in heads.enumerated() {
                guard (try? router.match(head, sni: nil))?.route == place * 7_919 % count else {
                    stop("the wrong route")
                }
            }
            var next = 0
            return stopwatch.measure("match one of \(count) routes") { operations in
                for _ in 0..<operations {
                    next = (next &+ 1) % Self.requestsInRotation
                    consume(try? router.match(heads[next], sni: nil))
                }
            }
        }
    }

    /// Ten hosts; a literal, a capture, a literal and a rest below each service.
    private static func route(_ number: Int) -> Route {
        let path = PathPattern(
            text: "/service-\(number)/{id}/items/{rest...}",
            segments: [.literal("service-\(number)"), .capture("id"), .literal("items"), .rest("rest")])
        return Route(
            id: "service-\(number)",
            match: RouteMatchRule(hosts: ["api-\(number % 10).example.com"], methods: ["GET", "HEAD"], path: path),
            require: nil, limits: [], destination: .local(.health))
    }

    private static func head(_ number: Int) -> RequestHead {
        let octets = Array(
            "GET /service-\(number)/4711/items/a/b HTTP/1.1\r\nHost: api-\(number % 10).example.com\r\n\r\n".utf8)
        var parser = HeadParser(limits: HeadLimits())
        var head = RequestHead()
        guard (try? parser.parseRequest(octets.span, into: &head)) != nil else {
            stop("a request of the route benchmark is refused")
        }
        return head
    }
}
