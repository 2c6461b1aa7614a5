import Foundation
import GatewayTesting
import Storage
import Testing

@testable import AuthorizationRecords

/// Lists show what strangers have chosen: names of clients that registered themselves.
@Suite("lists of the command line")
struct ListTests {
    @Test("say which clients registered themselves, show no control characters, and find grants by the user's name")
    func lists() async throws {
        try await GatewayHarness.runOwnIssuer { harness, _ in
            try await harness.gateway.stop()
            try await Self.list(harness.gateway.folder)
        }
    }

    private static func list(_ folder: TemporaryFolder) async throws {
        let now = Int64(Date().timeIntervalSince1970)
        let store = try SQLiteAuthorizationStore.open(
            path: folder.path("var/portcullis.sqlite"), creating: false, now: now, random: .system)
        var stranger = RegisteredClient(
            id: "client-1", name: "\u{9B}2J\u{202E}\u{200B}Your\u{2028}Bank", grants: [.authorizationCode],
            authenticationMethods: [.none], scopes: ["notes"], secrets: [], createdAt: now)
        stranger.openUntil = now + 86_400
        let own = RegisteredClient(
            id: "billing", name: "Billing", grants: [.clientCredentials], authenticationMethods: [.clientSecretBasic],
            scopes: ["orders"], secrets: [], createdAt: now)
        let user = StoredUser(id: "user-1", name: "ada", createdAt: now)
        let grant = Grant(
            id: "grant-1", clientID: "client-1", subject: "user-1", scopes: ["notes"], resources: [], createdAt: now,
            expiresAt: now + 3_600)
        let records = [stranger.record, own.record, user.record, user.nameRecord, grant.record]
        #expect(try await store.commit(records.map { .insert($0) }, now: now))

        let lines = try await Portcullis.run(["client", "list"], in: folder).output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(
            lines.last?.hasSuffix("notes  (2JYourBank)  registered itself, ends \(Self.text(now + 86_400))") == true)
        #expect(lines.first?.contains("registered itself") == false)
        for subject in ["ada", "Ada", "user-1"] {
            let run = try await Portcullis.run(["grant", "list", "--subject", subject], in: folder)
            #expect(run.output.hasPrefix("grant-1  "), "\(subject)")
        }
        let nobody = try await Portcullis.run(["grant", "list", "--subject", "bob"], in: folder)
        #expect(nobody.output == "There are no grants.\n")
    }

    @Test("of sessions: a name that nobody has is an error, and a few letters of an id name none")
    func sessions() async throws {
        try await GatewayHarness.runOwnIssuer { harness, _ in
            try await harness.gateway.stop()
            let folder = harness.gateway.folder
            let now = Int64(Date().timeIntervalSince1970)
            let store = try SQLiteAuthorizationStore.open(
                path: folder.path("var/portcullis.sqlite"), creating: false, now: now, random: .system)
            let user = StoredUser(id: "user-1", name: "ada", createdAt: now)
            let session = UserSession(
                key: "only", userID: user.id,
                authentication: UserAuthentication(time: now, acr: "pwd", methods: ["pwd"]),
                expiresAt: now + 600)
            let records = [user.record, user.nameRecord, session.record]
            #expect(try await store.commit(records.map { .insert($0) }, now: now))
            let wrong = [
                ["session", "list", "--user", "adda"]: "there is no user \"adda\"",
                ["session", "list", "--client", "nix"]: "there is no client \"nix\"",
                ["session", "end", String(session.sid.prefix(3))]: "at least 8 letters",
            ]
            for (words, problem) in wrong {
                let run = try await Portcullis.run(words, in: folder)
                #expect(run.status == 1 && run.errors.contains(problem), "\(words): \(run.errors)")
            }
            let ended = try await Portcullis.run(["session", "end", String(session.sid.prefix(8))], in: folder)
            #expect(ended.status == 0 && ended.output.hasPrefix("\(session.sid): ended; ada"), "\(ended.output)")
        }
    }

    private static func text(_ seconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
