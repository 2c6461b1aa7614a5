import Foundation
import GatewayTesting
import JSON
import Storage
import Testing

@testable import AuthorizationRecords
@testable import Gateway

/// The pages for users in a real browser (`Tests/Browser/pages.py`): keyboard only, JavaScript switched off.
@Suite("pages for users in a browser", .tags(.timed))
struct BrowserTests {
    private static func script(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Browser/" + name).path
    }

    /// A public client that may come back to this machine on any port.
    private static func registerClient(in database: String) async throws {
        let now = Int64(Date().timeIntervalSince1970)
        let store = try SQLiteAuthorizationStore.open(path: database, now: now, random: .system)
        var client = RegisteredClient(
            id: "shop", name: "Shop", grants: [.authorizationCode], authenticationMethods: [.none],
            scopes: ["openid", "orders:read"], secrets: [],
            createdAt: now)
        client.redirectURIs = ["http://127.0.0.1/back"]
        #expect(try await store.insert(client, now: now))
    }

    @Test("AS-038 AS-039 AS-050 somebody logs in, refuses, agrees and logs out by keyboard alone, without JavaScript")
    func journey() async throws {
        let settings = ["scope_descriptions: {\"orders:read\": See your orders}"]
        // A service on the issuer's host, which wants the session, and one of its own choice.
        let service = UpstreamScript.answer(fields: [
            HeaderField("Set-Cookie", "__Host-portcullis_session=theirs; Path=/; Secure; HttpOnly"),
            HeaderField("Set-Cookie", "__Host-portcullis_browser=; Path=/; Secure; Max-Age=0"),
            HeaderField("Set-Cookie", "=__Host-portcullis_known=theirs; Path=/; Secure"),
            HeaderField("Set-Cookie", "theirs=1; Path=/; Secure"),
        ])
        let routes =
            GatewayHarness.health + "\n- {id: service, match: {path: /service}, public: true, upstream: orders}\n"
        try await GatewayHarness.runOwnIssuer(routes: routes, server: settings, paths: ["/service": service]) {
            harness, issuer in
            let folder = harness.gateway.folder
            let added = try await Portcullis.run(
                ["user", "add", "alice", "--display-name", "Alice A."], in: folder, input: "correct horse battery\n")
            #expect(added.status == 0, "\(added.errors)")
            try await Self.registerClient(in: folder.url.appending(path: "var/portcullis.sqlite").path)
            try await Self.drive("pages.py", issuer, password: "correct horse battery", in: folder)
            let seen = try await harness.upstream.requests(atLeast: 2).filter { $0.target == "/service" }
            #expect(seen.map { $0.values("cookie") } == [[], ["theirs=1"]])
            #expect(try await harness.healthReport()["left_out_cookies"] == 6)
        }
    }

    /// Runs a script that drives the browser as alice.
    private static func drive(_ name: String, _ issuer: String, password: String, in folder: TemporaryFolder)
        async throws
    {
        try await drive(name, [issuer, "shop", "alice", password], in: folder)
    }

    private static func drive(_ name: String, _ arguments: [String], in folder: TemporaryFolder) async throws {
        let files = try TemporaryFolder("browser-output")
        var words = [script(name)] + arguments
        if let pictures = ProcessInfo.processInfo.environment["PORTCULLIS_SCREENSHOTS"] {
            words += ["--screenshots", pictures]
        }
        let process = try ChildProcess.start(
            "/bin/sh", ["-c", "exec /usr/bin/python3 \"$@\" >\"$0/output\" 2>&1", files.url.path] + words,
            in: folder.url.path,
            environment: ["HOME": files.url.path, "PATH": "/usr/bin:/bin"])
        let status = try await process.waitForExit(within: .seconds(180))
        let output = String(decoding: try files.read("output"), as: UTF8.self)
        #expect(status == 0, "\(output)")
    }

    @Test("somebody sets up an app and a passkey, logs in with them and alone, and steps up for a route")
    func factors() async throws {
        let routes =
            GatewayHarness.health
            + "\n- {id: payments, match: {path: /payments}, require: {issuers: [local], acr: [phr]}, upstream: orders}\n"
        try await GatewayHarness.runOwnIssuer(routes: routes, paths: ["/payments": UpstreamScript.answer(fields: [])]) {
            harness, issuer in
            let folder = harness.gateway.folder
            let added = try await Portcullis.run(
                ["user", "add", "alice", "--display-name", "Alice A."], in: folder,
                input: "seven green lanterns drift\n")
            #expect(added.status == 0, "\(added.errors)")
            try await Self.registerClient(in: folder.url.appending(path: "var/portcullis.sqlite").path)
            let invited = try await Portcullis.run(["user", "invite", "nora"], in: folder)
            let link = try #require(invited.output.firstMatch(of: /https:[^ \n]+/), "\(invited.errors)")
            try await Self.drive(
                "factors.py", [issuer, "shop", "alice", "seven green lanterns drift", String(link.0)], in: folder)
            let passkeys = try await Portcullis.run(["user", "factors", "nora"], in: folder)
            #expect(passkeys.status == 0 && passkeys.output.contains("passkey"), "\(passkeys.output)")
            let listed = try await Portcullis.run(["user", "factors", "alice"], in: folder)
            #expect(listed.status == 0 && listed.output.contains("recovery_codes"), "\(listed.output)")
            let removed = try await Portcullis.run(["user", "remove-factor", "alice", "--all"], in: folder)
            #expect(removed.status == 0 && removed.output.contains("all factors removed"), "\(removed.errors)")
        }
    }

    @Test("somebody who was invited sets a password, and manages the account: sessions, applications, password")
    func account() async throws {
        try await GatewayHarness.runOwnIssuer(routes: GatewayHarness.health) { harness, issuer in
            let folder = harness.gateway.folder
            let invited = try await Portcullis.run(["user", "invite", "alice"], in: folder)
            let link = try #require(invited.output.firstMatch(of: /https:[^ \n]+/), "\(invited.errors)")
            try await Self.registerClient(in: folder.url.appending(path: "var/portcullis.sqlite").path)
            try await Self.drive(
                "account.py", [issuer, "alice", "seven green lanterns drift", String(link.0)], in: folder)
        }
    }
}
