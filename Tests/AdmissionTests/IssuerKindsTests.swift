import JSON
import Policy
import Testing

@testable import Admission

@Suite("Issuers whose tokens are not those of RFC 9068")
struct IssuerKindsTests {
    private let issuer = TestIssuer()

    private func outcome(
        _ claims: [String: JSON?], header: [String: JSON?] = ["typ": nil], _ edit: (inout Issuer) -> Void
    )
        throws -> String
    {
        var entry = issuer.entry(audiences: ["app", "https://api.example.com"], types: ["", "at+jwt"])
        edit(&entry)
        return try AuthenticationHarness(issuer, entry: entry).outcome(try issuer.token(header: header, claims: claims))
    }

    @Test(
        "RS-050 another claim names the audience, and aud must be right as well where it is there",
        arguments: [
            (["aud": nil, "client_id": "app"], "ok"), (["aud": nil, "client_id": "other"], "wrong_audience"),
            (["aud": nil, "client_id": nil], "malformed_claims"), (["aud": .null, "client_id": "app"], "ok"),
            (["aud": nil, "client_id": .null], "malformed_claims"),
            (["aud": "https://api.example.com", "client_id": "app"], "ok"),
            (["aud": "https://other.example.com", "client_id": "app"], "wrong_audience"),
            (["aud": "app", "client_id": "other"], "wrong_audience"),
            (["aud": 7, "client_id": "app"], "malformed_claims"),
        ] as [([String: JSON?], String)])
    func audienceClaim(claims: [String: JSON?], expected: String) throws {
        #expect(try outcome(claims) { $0.audienceClaim = ["client_id"] } == expected)
    }

    @Test("a claim further in names the audience")
    func pointer() throws {
        #expect(try outcome(["aud": nil, "ext": ["for": ["app"]]]) { $0.audienceClaim = ["ext", "for"] } == "ok")
        #expect(
            try outcome(["aud": nil, "ext": ["for": ["x"]]]) { $0.audienceClaim = ["ext", "for"] } == "wrong_audience")
    }

    @Test(
        "what an issuer's entry demands of every token, whatever the route",
        arguments: [
            (["token_use": "access"], "ok"), (["token_use": "id"], "wrong_type"), ([:], "wrong_type"),
            (["token_use": .null], "wrong_type"), (["token_use": ["access"]], "wrong_type"),
        ] as [([String: JSON?], String)])
    func claims(claims: [String: JSON?], expected: String) throws {
        let edit: (inout Issuer) -> Void = {
            $0.claims = [ClaimRule(claim: ["token_use"], condition: .equals(.string("access")))]
        }
        #expect(try outcome(claims, edit) == expected)
        #expect(try outcome(claims, header: ["typ": "at+jwt"], edit) == expected)
    }

    @Test(
        "RS-053 tokens with claims of ID tokens count where the entry says so, and events never do",
        arguments: [
            (["at_hash": "x"], true, "ok"), (["at_hash": "x"], false, "wrong_type"),
            (["at_hash": .null], false, "ok"), (["c_hash": "x", "s_hash": "y"], true, "ok"),
            (["events": [:]], true, "wrong_type"), (["token_introspection": [:]], true, "wrong_type"),
        ] as [([String: JSON?], Bool, String)])
    func idTokens(claims: [String: JSON?], accepts: Bool, expected: String) throws {
        #expect(try outcome(claims) { $0.acceptsIDTokens = accepts } == expected)
    }

    @Test("none of these settings leaves tokens of before in the cache")
    func fingerprints() {
        var one = issuer.entry()
        var seen = [IssuerSet.fingerprint(one, 1)]
        for edit in [
            { $0.audienceClaim = ["client_id"] },
            { $0.claims = [ClaimRule(claim: ["a"], condition: .equals(.string("b")))] },
            { $0.acceptsIDTokens = true }, { $0.audiences = ["another"] },
        ] as [(inout Issuer) -> Void] {
            edit(&one)
            let new = IssuerSet.fingerprint(one, 1)
            #expect(!seen.contains(new))
            seen.append(new)
        }
    }
}
