import HTTP
import Policy
import Testing

@testable import Admission

@Suite("Requests on a connection made for another host")
struct MisdirectedTests {
    static let routes: [Route] = [
        route("/{rest...}", hosts: ["api.example.com", "localhost"]),
        route("/{rest...}", hosts: ["*.tenants.example.com"]),
        route("/special", hosts: ["gold.tenants.example.com"]),
        route(
            "/bank", hosts: ["api.example.com", "localhost"], require: Requirement(issuers: [], clientCertificate: true)
        ),
        route(
            "/vault", hosts: ["api.example.com", "localhost"],
            require: Requirement(issuers: [], clientIdentities: [.spiffe("spiffe://example.org/a")])),
        route("/health"),
    ]

    @Test(
        "421 when the two hosts are not served by the same routes, or the route demands a client certificate",
        arguments: [
            // SNI, host, path, outcome
            (nil, "api.example.com", "/x", nil), (nil, "api.example.com", "/bank", nil),
            (nil, "gold.tenants.example.com", "/x", nil),
            ("api.example.com", "api.example.com", "/x", nil), ("api.example.com", "api.example.com", "/bank", nil),
            ("api.example.com", "API.Example.com.:8443", "/bank", nil),
            ("localhost", "api.example.com", "/x", nil), ("localhost", "api.example.com", "/bank", "misdirected"),
            ("localhost", "api.example.com", "/vault", "misdirected"),
            ("a.tenants.example.com", "b.tenants.example.com", "/x", nil),
            ("a.tenants.example.com", "gold.tenants.example.com", "/x", "misdirected"),
            ("gold.tenants.example.com", "a.tenants.example.com", "/x", "misdirected"),
            ("a.tenants.example.com", "api.example.com", "/health", "misdirected"),
            ("a.tenants.example.com", "unknown.example", "/health", "misdirected"),
            ("unknown.example", "other.example", "/health", nil),
            ("unknown.example", "api.example.com", "/x", "misdirected"),
            ("api.example.com", "127.0.0.1", "/health", "misdirected"), ("", "api.example.com", "/x", "misdirected"),
            ("api.example.co", "api.example.com", "/x", "misdirected"),
            ("unknown.example", "other.example", "/none", "no_route"),
        ] as [(String?, String, String, String?)])
    func table(sni: String?, host: String, path: String, expected: String?) throws {
        let router = Router(Self.routes)
        let head = try head("GET", path, host: host)
        let found = refusal { () throws(Refusal) in _ = try router.match(head, sni: sni.map { Array($0.utf8) }) }
        #expect(found == expected)
    }

    @Test("two hosts of one route differ when a wildcard adds routes to one of them")
    func covered() throws {
        let router = Router([
            route("/x", hosts: ["a.covered.test", "b.test"]), route("/y", hosts: ["*.covered.test"]),
            route("/z", hosts: ["c.test", "d.test"]),
        ])
        func outcome(_ host: String, sni: String, _ path: String) throws -> String? {
            let head = try head("GET", path, host: host)
            return refusal { () throws(Refusal) in _ = try router.match(head, sni: Array(sni.utf8)) }
        }
        #expect(try outcome("a.covered.test", sni: "b.test", "/x") == "misdirected")
        #expect(try outcome("b.test", sni: "a.covered.test", "/x") == "misdirected")
        #expect(try outcome("c.test", sni: "d.test", "/z") == nil)
    }
}
