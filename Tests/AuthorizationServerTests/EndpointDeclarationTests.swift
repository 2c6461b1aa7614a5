import Foundation
import HTTP
import Policy
import Testing

@testable import AuthorizationServer
@testable import AuthorizationTesting

@Suite("What is declared of the endpoints")
struct EndpointDeclarationTests {
    private struct Row: Hashable {
        var path: String
        var methods: String
        var body: String
        var member: String
    }

    @Test("docs/authorization-server.md lists every endpoint as it is declared, and no other")
    func document() throws {
        let file = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: "docs/authorization-server.md")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let documented = lines.compactMap { line -> Row? in
            guard let row = line.wholeMatch(of: /\| `(\/[^`]+)` \| ([A-Z, ]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|/) else {
                return nil
            }
            return Row(
                path: String(row.1), methods: String(row.2), body: String(row.3),
                member: row.4.filter { $0 != "`" })
        }
        let declared = AuthorizationServerEndpoint.allCases.map { endpoint in
            let declaration = endpoint.declaration
            return Row(
                path: declaration.path, methods: declaration.methods.joined(separator: ", "),
                body: declaration.body.bytesMax == 0 ? "-" : "\(declaration.body.bytesMax / 1_024) KiB",
                member: declaration.metadataMember ?? "-")
        }
        #expect(Set(documented) == Set(declared))
        #expect(documented.count == declared.count)
    }

    @Test("paths, route names and members of the metadata are each endpoint's own")
    func distinct() {
        let all = AuthorizationServerEndpoint.allCases
        #expect(Set(all.map(\.path)).count == all.count)
        let members = all.compactMap(\.declaration.metadataMember)
        #expect(Set(members).count == members.count)
    }

    @Test("a body that is larger than declared is refused, whoever calls", arguments: [65_536, 65_537])
    func body(octets: Int) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        let start = "grant_type=client_credentials&padding="
        let answer = await harness.post(
            start + String(repeating: "x", count: octets - start.utf8.count), authorization: basic("shop", "s3cret"))
        #expect(answer.status == (octets > 65_536 ? 413 : 200))
    }

    @Test(
        "a method that is not declared is refused with those that are", arguments: AuthorizationServerEndpoint.allCases)
    func methods(endpoint: AuthorizationServerEndpoint) async throws {
        let harness = try AuthorizationHarness()
        let answer = await harness.get(endpoint.path, method: "PATCH")
        // Without settings for them, there are five fewer.
        let absent: [AuthorizationServerEndpoint] = [
            .register, .loginCallback, .accountEmail, .accountForgotten, .signUp,
        ]
        guard !absent.contains(endpoint) else { return #expect(answer.status == 404) }
        #expect(answer.status == 405)
        #expect(answer.field("allow") == endpoint.declaration.methods.joined(separator: ", "))
    }
}
