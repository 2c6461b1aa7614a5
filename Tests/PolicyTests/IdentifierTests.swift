import Policy
import Testing

@Suite("Identifiers that are https URLs")
struct IdentifierTests {
    struct Case: CustomTestStringConvertible {
        var text: String
        var origin: String
        var host: String
        var port: Int
        var path: String
        var webOrigin: String
        var testDescription: String { text }
    }

    @Test(
        "an identifier is taken apart into origin, host, port and path",
        arguments: [
            Case(
                text: "https://auth.example.com", origin: "https://auth.example.com", host: "auth.example.com",
                port: 443, path: "", webOrigin: "https://auth.example.com"),
            Case(
                text: "https://Auth.Example.com:8443/T/", origin: "https://Auth.Example.com:8443",
                host: "auth.example.com", port: 8443, path: "/T/", webOrigin: "https://auth.example.com:8443"),
            Case(
                text: "https://[::1]", origin: "https://[::1]", host: "[::1]", port: 443, path: "",
                webOrigin: "https://[::1]"),
            Case(
                text: "https://[::1]:9443/a", origin: "https://[::1]:9443", host: "[::1]", port: 9443, path: "/a",
                webOrigin: "https://[::1]:9443"),
            Case(
                text: "https://127.0.0.1:443", origin: "https://127.0.0.1:443", host: "127.0.0.1", port: 443, path: "",
                webOrigin: "https://127.0.0.1"),
        ])
    func parts(_ expected: Case) throws {
        let identifier = try HTTPSIdentifier(expected.text)
        #expect(identifier.text == expected.text)
        #expect(identifier.origin == expected.origin)
        #expect("https://" + identifier.authority == expected.origin)
        #expect(identifier.host == expected.host)
        #expect(identifier.port == expected.port)
        #expect(identifier.path == expected.path)
        #expect(identifier.webOrigin == expected.webOrigin)
    }

    @Test(
        "what is no identifier is refused",
        arguments: [
            "", "https://", "http://auth.example.com", "HTTPS://auth.example.com", "https://auth.example.com?a",
            "https://auth.example.com/#a", "https://ada@auth.example.com", "https://auth.example.com/a b",
            "https://auth.example.com:0", "https://auth.example.com:65536", "https://auth.example.com:",
            "https://[::g]", "https://::1", "https://a_/" + String(repeating: "a", count: 512),
        ])
    func refused(_ text: String) {
        #expect(throws: ValueProblem.self) { try HTTPSIdentifier(text) }
    }

    @Test(
        "endpoints lie on the issuer's origin, and its path belongs to the metadata only",
        arguments: [
            (AuthorizationServerEndpoint.token, "https://Auth.example.com:8443/oauth2/token"),
            (.metadata, "https://Auth.example.com:8443/.well-known/oauth-authorization-server/t"),
            (.openIDConfiguration, "https://Auth.example.com:8443/t/.well-known/openid-configuration"),
        ])
    func addresses(_ endpoint: AuthorizationServerEndpoint, _ address: String) throws {
        let issuer = try #require(IssuerIdentifier(HTTPSIdentifier("https://Auth.example.com:8443/t/")))
        #expect(issuer.address(of: endpoint) == address)
    }
}
