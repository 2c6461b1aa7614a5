import HTTP
import JSON
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting

/// `/admin/v1/users/ID/links`
@Suite("Management interface: links to accounts")
struct LinkTests {
    @Test("a link is shown once, recorded without its secret, and ends the one before")
    func made() async throws {
        let harness = try AdministrationHarness()
        let (id, _) = try await harness.user()
        let first = await harness.send("POST", "users/\(id)/links", ["purpose": "reset"])
        #expect(first.status == 201 && first.body["user"]?.string == id && first.body["purpose"] == "reset")
        let url = try #require(first.body["url"]?.string)
        #expect(url.hasPrefix(AuthorizationHarness.issuer + "/oauth2/account/link?link=pcl_"))
        #expect(first.body["expires_at"]?.int == newYear2026 + 3_600)
        #expect(first.field("cache-control") == "no-store")
        _ = await harness.send("POST", "users/\(id)/links", ["purpose": "reset"])
        #expect(harness.store.count(.accountLink) == 1)
        #expect(!"\(harness.log)".contains("pcl_"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var method = "POST"
        var body: JSONObject? = ["purpose": "reset"]
        var user: String?
        var status: Int
    }

    @Test(
        "what is refused",
        arguments: [
            Case(testDescription: "no purpose", body: [:], status: 400),
            Case(testDescription: "a purpose of the pages", body: ["purpose": "email"], status: 400),
            Case(testDescription: "more than is known", body: ["purpose": "reset", "email": "x"], status: 400),
            Case(testDescription: "an invitation for who has a password", body: ["purpose": "invitation"], status: 409),
            Case(testDescription: "nobody", user: "nobody", status: 404),
            Case(testDescription: "a list", method: "GET", body: nil, status: 405),
        ])
    func refused(_ test: Case) async throws {
        let harness = try AdministrationHarness()
        let (id, _) = try await harness.user()
        let answer = await harness.send(test.method, "users/\(test.user ?? id)/links", test.body)
        #expect(answer.status == test.status, "\(answer.body)")
        #expect(harness.store.count(.accountLink) == 0)
    }

    @Test("for who is disabled there is none")
    func disabled() async throws {
        let harness = try AdministrationHarness()
        let (id, etag) = try await harness.user()
        #expect(await harness.send("PATCH", "users/\(id)", ["disabled": true], [("if-match", etag)]).status == 200)
        #expect(await harness.send("POST", "users/\(id)/links", ["purpose": "reset"]).status == 409)
    }
}
