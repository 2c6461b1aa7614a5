import Foundation
import GatewayTesting
import JOSE
import JSON
import Testing

/// A gateway must not sign with a key, or believe one, that an operator has given up: not for a moment.
@Suite("Attack: a key outlives the command that gives it up", .tags(.timed))
struct OutrunKeyChangeTests {
    enum Way: String, CaseIterable, Sendable { case command, interface }

    @Test(
        "once rotate --now has returned the new key signs, and once retire has, the old one counts for nothing",
        arguments: Way.allCases)
    func keys(_ way: Way) async throws {
        try await AdminHarness.run { harness in
            let client = try await AdminHarness.add("billing", scopes: ["orders:read"], in: harness.base)
            let first = try await AdminHarness.obtain(client, in: harness.base)
            let old = try Self.kid(of: first)
            #expect(try await harness.base.answer("/orders/1", token: first).status == 200)
            try await Self.rotate(way, harness)
            let second = try await AdminHarness.obtain(client, in: harness.base)
            #expect(try Self.kid(of: second) != old)
            #expect(try await harness.base.answer("/orders/1", token: first).status == 200)
            // The operator's token is by the old key, too.
            let token = try await AdminHarness.obtain(
                AdminHarness.add("operator-2", scopes: ["admin:read", "admin:write"], in: harness.base),
                in: harness.base)
            // Of this one nothing has to be written but that it is gone.
            try await Self.retire(way, old, AdminHarness(base: harness.base, token: token))
            #expect(try await harness.base.answer("/orders/1", token: first).status == 401)
            #expect(try await harness.base.answer("/orders/1", token: second).status == 200)
            try await Self.retire(way, try Self.kid(of: second), AdminHarness(base: harness.base, token: token))
            #expect(try await harness.base.answer("/orders/1", token: second).status == 401)
            let third = try await AdminHarness.obtain(client, in: harness.base)
            #expect(try await harness.base.answer("/orders/1", token: third).status == 200)
        }
    }

    @Test("retiring the one announced key of a second algorithm says that it has none")
    func secondAlgorithm() async throws {
        let settings = ["signing_algorithms: [ES256, PS256]"]
        try await GatewayHarness.runOwnIssuer(server: settings) { harness, _ in
            let folder = harness.gateway.folder
            func kid(_ state: String) async throws -> String? {
                try await Portcullis.run(["keys", "list"], in: folder).lines.first {
                    $0.contains("PS256  \(state)")
                }?.split(separator: " ").first.map(String.init)
            }
            let signing = try #require(try await kid("signing"))
            #expect(try await Portcullis.run(["keys", "rotate", "--algorithm", "PS256"], in: folder).status == 0)
            let announced = try #require(try await kid("announced"))
            let kept = try await Portcullis.run(["keys", "retire", announced], in: folder)
            #expect(kept.output.contains("\(signing): signs now (PS256)") && !kept.output.contains("has no key"))
        }
        // A database of before the second algorithm, and no gateway that makes a key of it.
        try await GatewayHarness.runOwnIssuer { harness, _ in
            let folder = harness.gateway.folder
            let one = String(decoding: try folder.read("routes.yaml"), as: UTF8.self)
                .replacingOccurrences(of: "var/portcullis.sqlite", with: "var/other.sqlite")
            let audience = "  audience: https://api.example.com"
            try folder.write(one, to: "one.yaml")
            try folder.write(
                one.replacingOccurrences(of: audience, with: audience + "\n  signing_algorithms: [ES256, PS256]"),
                to: "two.yaml")
            let made = try await Portcullis.run(
                ["client", "add", "shop", "--scope", "orders:read", "--policy", "one.yaml"], in: folder)
            #expect(made.status == 0, "\(made.errors)")
            let rotated = try await Portcullis.run(
                ["keys", "rotate", "--algorithm", "PS256", "--policy", "two.yaml"], in: folder)
            #expect(rotated.status == 0, "\(rotated.errors)")
            let list = try await Portcullis.run(["keys", "list", "--policy", "two.yaml"], in: folder)
            let announced = try #require(
                list.lines.first { $0.contains("PS256") }?.split(separator: " ").first.map(String.init))
            let retired = try await Portcullis.run(["keys", "retire", announced, "--policy", "two.yaml"], in: folder)
            #expect(retired.status == 0)
            #expect(
                retired.output.contains("PS256: has no key that signs; a gateway that runs makes one"),
                "\(retired.output)")
        }
    }

    private static func rotate(_ way: Way, _ harness: AdminHarness) async throws {
        switch way {
        case .command:
            let folder = harness.base.gateway.folder
            #expect(try await Portcullis.run(["keys", "rotate", "--now"], in: folder).status == 0)
        case .interface: #expect(try await harness.send("POST", "keys", ["at_once": true]).status == 201)
        }
    }

    private static func retire(_ way: Way, _ kid: String, _ harness: AdminHarness) async throws {
        switch way {
        case .command:
            #expect(try await Portcullis.run(["keys", "retire", kid], in: harness.base.gateway.folder).status == 0)
        case .interface: #expect(try await harness.send("DELETE", "keys/\(kid)", ifMatch: "*").status == 204)
        }
    }

    private static func kid(of token: String) throws -> String {
        try #require(CompactJWS(Array(token.utf8)).header.kid)
    }
}
