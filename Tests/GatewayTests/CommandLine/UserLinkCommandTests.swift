import Foundation
import GatewayTesting
import JSON
import Testing

/// `portcullis user invite` and `user reset-link`, as programs.
@Suite("links to accounts by the command line")
struct UserLinkCommandTests {
    private static let policy = """
        version: 1
        listeners:
          - {address: "127.0.0.1:8443", insecure_plaintext: true}
        authorization_server:
          issuer: https://auth.example.com
          database: server.sqlite
          audience: https://api.example.com
        issuers:
          local: {embedded: true}
        routes:
          - {id: all, match: {path: "/{rest...}", hosts: [api.example.com]}, require: {issuers: [local]}, local: health}
        audit:
          file: {path: audit.jsonl}
        """

    @Test(
        "invite makes an account once and links as often as wanted; reset-link says what it is; both say what is wrong")
    func links() async throws {
        let folder = try TemporaryFolder("links")
        try folder.write(Self.policy, to: "routes.yaml")
        func run(_ words: [String], input: String = "") async throws -> (status: Int32, output: String, errors: String)
        {
            let run = try await Portcullis.run(["user"] + words, in: folder, input: input)
            return (run.status, run.output, run.errors)
        }
        let link = /https:\/\/auth\.example\.com\/oauth2\/account\/link\?link=pcl_[A-Za-z0-9_-]{43}\n/
        let first = try await run(["invite", "bob", "--email", "bob@mail.example", "--display-name", "Bob B."])
        #expect(first.status == 0 && first.output.hasPrefix("bob: added and invited; hand over this link"))
        #expect(first.output.contains(link), "\(first.output)")
        let again = try await run(["invite", "bob"])
        #expect(again.status == 0 && again.output.hasPrefix("bob: invited;") && again.output != first.output)
        let refused = try await run(["invite", "bob", "--email", "eve@mail.example"])
        #expect(refused.status == 1 && refused.errors.contains("there is a user \"bob\" already"))
        let name = try await run(["invite", "carol", "--display-name", "Аdmin"])
        #expect(name.status == 1 && name.errors.contains("says nothing of a role"))
        // Who has no password yet cannot set another one.
        let early = try await run(["reset-link", "bob"])
        #expect(early.status == 0 && early.output.hasPrefix("bob: has no password yet, and is invited again;"))
        #expect(early.output.contains(link))
        #expect(try await run(["password", "bob"], input: "seven green lanterns drift\n").status == 0)
        let reset = try await run(["reset-link", "bob", "--json"])
        let document = try JSON.parse(Array(reset.output.utf8)).object
        #expect(document?["name"] == "bob" && document?["url"]?.string.map { ($0 + "\n").contains(link) } == true)
        let invited = try await run(["invite", "bob"])
        #expect(invited.status == 1 && invited.errors.contains("make a link that resets it"))
        let nobody = try await run(["reset-link", "nobody"])
        #expect(nobody.status == 1 && nobody.errors.contains("there is no user \"nobody\""))
        let mail = try await run(["reset-link", "bob", "--mail"])
        #expect(mail.status == 1 && mail.errors.contains("names no server for mail"))
        // Records of it have no link in them.
        let records = String(decoding: try folder.read("audit.jsonl"), as: UTF8.self)
        #expect(records.contains("user_link_added") && !records.contains("pcl_"))
    }
}
