import Foundation
import GRDB
import GatewayTesting
import JSON
import Testing

@testable import AuthorizationRecords
@testable import Storage

/// One address sends a real gateway all that it takes, for minutes if it had them. Its disk must not fill.
@Suite("Attack: filling the disk before anybody has logged in", .tags(.timed))
struct FilledDiskTests {
    private static let share = 32

    /// Of a browser, as large as may be; of a client that anybody can be.
    static let requests: [(kind: RecordKind, method: String, path: String, form: String)] = [
        (.interaction, "GET", "/oauth2/authorize", large(bytes: 3_000)),
        (.pushedRequest, "POST", "/oauth2/par", large(bytes: 4_000)),
        (.deviceCode, "POST", "/oauth2/device_authorization", "client_id=app&scope=orders:read"),
        // Too much, which nothing may come of.
        (.pushedRequest, "POST", "/oauth2/par", large(bytes: 60_000)),
        (.replay, "POST", "/oauth2/token", "grant_type=refresh_token&client_id=app&refresh_token=made-up"),
    ]

    private static func large(bytes: Int) -> String {
        "response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fback&scope=orders:read"
            + "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&state="
            + String(repeating: "s", count: bytes)
    }

    @Test("rows and file stay within the share of one address, however long it goes on, and others are served")
    func flood() async throws {
        try await GatewayHarness.runOwnIssuer(
            routes: GatewayHarness.health, server: ["pending_requests_per_address_max: \(Self.share)"]
        ) { harness, _ in
            let path = harness.gateway.folder.url.appending(path: "var/portcullis.sqlite").path
            try await Self.register(in: path)
            let http = try harness.client()
            var most = 0
            for round in 0..<4 {
                for request in Self.requests {
                    for _ in 0..<100 {
                        let isForm = request.method == "POST"
                        var call = harness.request(
                            request.path + (isForm ? "" : "?" + request.form), method: request.method,
                            fields: isForm ? [HeaderField("Content-Type", "application/x-www-form-urlencoded")] : [])
                        if isForm { call.body = .text(request.form) }
                        let answer = try await http.send(call)
                        #expect(answer.status < 500 && answer.status != 429)
                    }
                }
                let (counts, pages) = try Self.look(path)
                for (kind, count) in counts where kind != "signing_key" { #expect(count <= Self.share, "\(kind)") }
                #expect(counts["interaction"] == Self.share && counts["device_code"] == Self.share)
                #expect(counts["replay"] == nil)
                if round == 1 { most = pages }
                // It does not grow any more.
                if round > 1 { #expect(pages <= most + 16) }
            }
            let report = try await harness.healthReport()
            #expect(report["dropped_requests"]?.int ?? 0 > 900)
            // 32 of 3 kinds, the log, and what a new database has.
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber
            #expect((size?.intValue ?? .max) < 4 << 20)
        }
    }

    /// Records by their kind, and pages of the file in use.
    private static func look(_ path: String) throws -> ([String: Int], Int) {
        let queue = try DatabaseQueue(path: path)
        defer { try? queue.close() }
        return try queue.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT kind, count(*) AS number FROM record GROUP BY kind")
            return (
                Dictionary(uniqueKeysWithValues: rows.map { ($0["kind"] as String, $0["number"] as Int) }),
                try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            )
        }
    }

    private static func register(in database: String) async throws {
        let now = Int64(Date().timeIntervalSince1970)
        let store = try SQLiteAuthorizationStore.open(path: database, now: now, random: .system)
        var client = RegisteredClient(
            id: "app", name: "App", grants: [.authorizationCode, .refreshToken, .deviceCode],
            authenticationMethods: [.none], scopes: ["orders:read"], secrets: [], createdAt: now)
        client.redirectURIs = ["https://app.example/back"]
        #expect(try await store.insert(client, now: now))
    }
}
