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

    @Test(
        "a client registers itself for the types that are for such clients, and for no others",
        arguments: [
            (["payment"], 201), ([], 201), (["payment", "payment"], 201), (["account"], 400),
            (["payment", "other"], 400),
            (["Payment"], 400), ([""], 400),
        ])
    func registered(types: [String], status: Int) async throws {
        let harness = try AuthorizationHarness.registering(detailTypes: ["payment"])
        let made = await harness.registration("POST", machine(["authorization_details_types": .strings(types)]))
        #expect(made.status == status)
        guard status == 201 else {
            #expect(made.error == "invalid_client_metadata")
            return
        }
        #expect(made.body["authorization_details_types"] == (types.isEmpty ? nil : ["payment"]))
        let none = try AuthorizationHarness.registering()
        #expect(
            await none.registration("POST", machine(["authorization_details_types": ["payment"]])).error
                == "invalid_client_metadata")
        for wrong: JSON in ["payment", [1], ["type": "payment"]] {
            #expect(
                await harness.registration("POST", machine(["authorization_details_types": wrong])).error
                    == "invalid_client_metadata")
        }
    }

    @Test(
        "metadata lists the types that there are, and a type that is no more cannot be asked for by whom it was registered"
    )
    func supported() async throws {
        let flow = try await flow()
        #expect(
            await flow.base.get("/.well-known/oauth-authorization-server").body["authorization_details_types_supported"]
                == ["payment", "account"])
        let none = try AuthorizationHarness()
        #expect(
            await none.get("/.well-known/oauth-authorization-server").body["authorization_details_types_supported"]
                == nil)
        let gone = try await CodeFlowHarness { $0.metadata = ["authorization_details_types": ["closed"]] }
        #expect(
            await gone.authorize([("authorization_details", #"[{"type":"closed"}]"#)]).redirect["error"]
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
