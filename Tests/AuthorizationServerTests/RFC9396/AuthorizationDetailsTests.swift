import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting

@Suite("RFC 9396: rich authorization requests")
struct AuthorizationDetailsTests {
    private static let payment = #"{"type":"payment","amount":"123.50","currency":"EUR"}"#
    private static let account = #"{"type":"account","actions":["read"]}"#

    private func flow() async throws -> CodeFlowHarness {
        try await CodeFlowHarness { $0.metadata = ["authorization_details_types": ["payment", "account"]] }
    }

    @Test("what was agreed to stands in the answer, in the access token, and in refreshed ones")
    func carried() async throws {
        let flow = try await flow()
        let asked = "[\(Self.payment),\(Self.account)]"
        let json = try JSON.parse(Array(asked.utf8))
        let answer = try await flow.tokens([("authorization_details", asked)])
        #expect(answer.body["authorization_details"] == json)
        #expect(try await flow.claims(answer)["authorization_details"] == json)
        let later = await flow.refresh(
            try #require(answer.body["refresh_token"]?.string), more: [("authorization_details", "[\(Self.account)]")])
        #expect(try await flow.claims(later)["authorization_details"]?.array?.count == 1)
        let more = await flow.refresh(
            try #require(answer.body["refresh_token"]?.string),
            more: [("authorization_details", #"[{"type":"payment","amount":"999"}]"#)])
        #expect(more.error == "invalid_authorization_details")
    }

    @Test(
        "what is no list of objects of a type that the client may ask for is refused",
        arguments: [
            "x", "{}", "[]", "[1]", #"["payment"]"#, #"[{"amount":"1"}]"#, #"[{"type":1}]"#, #"[{"type":"unknown"}]"#,
            #"[{"type":"payment","type":"account"}]"#,
            "[" + Array(repeating: #"{"type":"payment"}"#, count: 17).joined(separator: ",") + "]",
            #"[{"type":"payment","x":""# + String(repeating: "x", count: 4_096) + #""}]"#,
        ])
    func refused(_ details: String) async throws {
        #expect(
            await (try await flow()).authorize([("authorization_details", details)]).redirect["error"]
                == "invalid_authorization_details")
    }

    @Test("a client without such types may ask for none, and earlier consent to other details is none to these")
    func types() async throws {
        #expect(
            await (try await CodeFlowHarness()).authorize([("authorization_details", "[\(Self.payment)]")]).redirect[
                "error"]
                == "invalid_authorization_details")
        let flow = try await CodeFlowHarness(isFirstParty: false) {
            $0.metadata = ["authorization_details_types": ["payment"]]
        }
        let grant = Grant(
            id: "g", clientID: "shop", subject: CodeFlowHarness.userID, scopes: ["orders:read"],
            resources: [AuthorizationHarness.audience],
            createdAt: newYear2026,
            expiresAt: newYear2026 + 1_000)
        try await flow.put(grant.record)
        #expect(await flow.authorize().redirect["code"] != nil)
        #expect(await flow.authorize([("authorization_details", "[\(Self.payment)]")]).target == "/oauth2/consent")
    }
}
