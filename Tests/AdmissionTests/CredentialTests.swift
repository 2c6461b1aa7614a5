import HTTP
import Testing

@testable import Admission

@Suite("Credentials as sent (RFC 6750 §2)")
struct CredentialTests {
    private func outcome(_ fields: [String], _ path: String = "/") throws -> String {
        let head = try head("GET", path, fields)
        do throws(Refusal) {
            return try Credential.presented(in: head).map { head.text($0.token) } ?? "none"
        } catch {
            return error.code.facts.word.description
        }
    }

    @Test(
        "RS-001 RS-002 RS-128 the scheme is compared without regard to case",
        arguments: ["Bearer", "bearer", "BEARER", "bEaReR"])
    func scheme(name: String) throws {
        #expect(try outcome(["Authorization: \(name) abc.def-ghi"]) == "abc.def-ghi")
        #expect(try outcome(["authorization:   \(name)   abc==  "]) == "abc==")
    }

    @Test(
        "another scheme, or none, is no credential",
        arguments: [
            [], ["Authorization: Basic YTpi"], ["Authorization: DPoPx abc"], ["Authorization: Bearerx abc"],
            ["Authorization: Beare"], ["Authorization:"], ["Proxy-Authorization: Bearer abc"],
            ["Authorization: Negotiate"],
            ["Authorization: b%65arer abc"],
        ])
    func none(fields: [String]) throws {
        #expect(try outcome(fields) == "none")
    }

    @Test("RS-113 DPoP in Proxy-Authorization is no credential for the gateway")
    func proxyAuthorization() throws {
        #expect(try outcome(["Proxy-Authorization: DPoP abc", "DPoP: e.e.e"]) == "none")
    }

    @Test("RS-089 a token with the scheme DPoP comes with its proof", arguments: ["DPoP", "dpop", "DPOP"])
    func dpop(scheme: String) throws {
        let head = try head("GET", "/", ["Authorization: \(scheme) abc", "DPoP: e.e.e"])
        let shown = try #require(try Credential.presented(in: head))
        #expect(shown.scheme == .dpop && head.text(shown.token) == "abc")
        #expect(shown.proof.map { head.text($0) } == "e.e.e")
    }

    @Test(
        "RS-090 two proofs are refused, the same or not",
        arguments: [["e.e.e", "e.e.e"], ["e.e.e", ""], ["a", "b", "c"]])
    func twoProofs(proofs: [String]) throws {
        #expect(
            try outcome(["Authorization: DPoP abc"] + proofs.map { "DPoP: \($0)" }) == "ambiguous_credentials")
    }

    @Test("RS-005 a DPoP token in the header and one in the query are refused")
    func dpopAndQuery() throws {
        #expect(try outcome(["Authorization: DPoP a", "DPoP: e.e.e"], "/?access_token=x") == "ambiguous_credentials")
    }

    @Test(
        "RS-013 the scheme alone is a malformed request",
        arguments: ["Bearer", "Bearer ", "bearer   ", "DPoP", "dpop "])
    func schemeAlone(value: String) throws {
        #expect(try outcome(["Authorization: \(value)"]) == "malformed_credentials")
    }

    @Test(
        "RS-006 two Authorization headers are refused, whatever they hold",
        arguments: [
            ["Bearer a", "Bearer b"], ["Bearer a", "Bearer a"], ["Bearer a", "Basic b"], ["Basic b", "Bearer a"],
            ["Basic a", "Basic b"], ["Bearer a", "DPoP b"],
        ])
    func twoHeaders(values: [String]) throws {
        #expect(try outcome(values.map { "Authorization: \($0)" }) == "ambiguous_credentials")
    }

    @Test("RS-006 a bearer token beside a DPoP proof is refused")
    func proof() throws {
        #expect(try outcome(["Authorization: Bearer a", "DPoP: eyJ"]) == "ambiguous_credentials")
    }

    @Test(
        "RS-005 a token in the header and one in the query are refused",
        arguments: [
            "/?access_token=x", "/?a=1&access_token=x", "/?access_token", "/?access_token=", "/?a&access_token&b",
            "/?access%5Ftoken=x", "/?%61ccess_token=x",
        ])
    func twoMethods(path: String) throws {
        #expect(try outcome(["Authorization: Bearer a"], path) == "ambiguous_credentials")
    }

    @Test(
        "other parameters of the query do not matter",
        arguments: [
            "/?", "/?access_tokens=x", "/?my_access_token=x", "/?a=access_token", "/?access_toke", "/?access_%",
            "/?access%5", "/?a=b&&c",
        ])
    func otherParameters(path: String) throws {
        #expect(try outcome(["Authorization: Bearer a"], path) == "a")
    }

    @Test("RS-003 a token in the query alone is never used")
    func query() throws {
        #expect(try outcome([], "/?access_token=abc") == "none")
    }

    @Test("RS-004 a token in a form body is never used: bodies are not looked at")
    func form() throws {
        #expect(try outcome(["Content-Type: application/x-www-form-urlencoded"]) == "none")
    }

    @Test(
        "octets that no token has",
        arguments: [
            ("a b", false), ("a,b", false), ("a\"", false), ("=", false), ("a=b", false), ("é", false), ("", false),
            ("aZ09-._~+/==", true),
        ])
    func alphabet(text: String, expected: Bool) {
        #expect(Credential.isToken(Array(text.utf8).span) == expected)
    }
}
