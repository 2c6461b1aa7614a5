import Foundation
import GatewayTesting
import Policy
import Testing

@Suite("Attack: fields that services believe")
struct BelievedFieldTests {
    private static func run<Value: Sendable>(
        headers: String = "", _ body: @Sendable (TestGateway, TestUpstream) async throws -> Value
    ) async throws -> Value {
        let certificates = try TestCertificates.shared()
        let upstream = try TestUpstream.start(.orders(certificates), otherwise: .reflect)
        var policy = TestPolicy.open(to: upstream.port)
        if !headers.isEmpty { policy.upstreams[0].lines = ["headers: {\(headers)}"] }
        policy.bounds += ["fields_max: 1000", "head_max: 256KiB"]
        let gateway = try await TestGateway.start(policy, certificates: certificates)
        defer { Task { try? await gateway.stop() } }
        return try await body(gateway, upstream)
    }

    private static func seen(_ gateway: TestGateway, _ fields: [String]) async throws -> String {
        let client = try await gateway.rawClient()
        try await client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\(fields.map { "\($0)\r\n" }.joined())\r\n")
        let answer = try await client.readAnswer()
        #expect(answer.status == 200)
        return answer.text
    }

    @Test("none of them reaches a service, in no spelling", arguments: BelievedFields.groups.map(\.believers))
    func removed(believers: String) async throws {
        let names = try #require(BelievedFields.groups.first { $0.believers == believers }).names.map {
            $0.replacingOccurrences(of: "*", with: "Family")
        }
        try await Self.run { gateway, _ in
            for spell in [
                { $0 }, { $0.lowercased() }, { $0.uppercased() }, { $0.replacingOccurrences(of: "-", with: "_") },
                { $0.lowercased().replacingOccurrences(of: "-", with: ".") },
                { $0.replacingOccurrences(of: "-", with: "!") }, { $0.replacingOccurrences(of: "-", with: "*") },
            ] as [(String) -> String] {
                let text = try await Self.seen(
                    gateway, names.map { "\(spell($0)): spoofed-value" } + ["X-Mine: passed-on"])
                #expect(!text.contains("spoofed-value"), "\(spell("A-b"))")
                #expect(text.contains("passed-on"))
            }
        }
    }

    @Test("none of them reaches a service in a trailer")
    func trailers() async throws {
        try await Self.run { gateway, _ in
            for group in BelievedFields.groups {
                let client = try await gateway.rawClient()
                let trailers = group.names.prefix(20).map { "\($0.replacing("*", with: "Family")): spoofed-value\r\n" }
                    .joined()
                try await client.write(
                    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\(trailers)\r\n"
                )
                #expect(!(try await client.readAnswer()).text.contains("spoofed-value"), "\(group.believers)")
            }
        }
    }

    @Test("none of the gateway's own names reaches a service with any other character in place of the hyphen")
    func otherCharacters() async throws {
        try await Self.run { gateway, _ in
            for character in "!#$%&'*+.^_`|~" {
                let names = ["X-Auth-Subject", "X-Auth-Scope", "Remote-User", "X-Forwarded-For", "Content-Length"]
                let text = try await Self.seen(
                    gateway,
                    names.map { $0.replacingOccurrences(of: "-", with: String(character)) + ": spoofed-value" } + [
                        "X-Mine: passed-on"
                    ])
                #expect(!text.contains("spoofed-value"), "\(character)")
                #expect(text.contains("passed-on"))
            }
        }
    }

    @Test("an upstream's entry lets one pass, and adds another")
    func settings() async throws {
        let headers = "pass: [X-HTTP-Method-Override, X-Envoy-Force-Trace, $WSAT], remove: [X-Our-User]"
        try await Self.run(headers: headers) { gateway, _ in
            let text = try await Self.seen(
                gateway,
                [
                    "X-HTTP-Method-Override: let-pass", "X-HTTP-Method: spoofed-value",
                    "x-envoy-force-trace: also-pass",
                    "X-Envoy-Force-Trac: spoofed-value", "X_Envoy_Force_Trace: spoofed-value", "$wsat: odd-pass",
                    "*WSAT: spoofed-value", "x-our-user: spoofed-value",
                    "X_OUR_USER: spoofed-value", "X-Auth-Subject: spoofed-value",
                ])
            for value in ["let-pass", "also-pass", "odd-pass"] { #expect(text.contains(value)) }
            #expect(!text.contains("spoofed-value"))
        }
    }
}
