import JSON
import Testing

@testable import AuthorizationTesting

@Suite("RFC 6749 §3.2: requests to the token endpoint")
struct TokenRequestTests {
    private let harness: AuthorizationHarness

    init() async throws {
        harness = try AuthorizationHarness()
        try await harness.register()
    }

    @Test("AS-001 only POST gets a token", arguments: ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "post"])
    func method(_ method: String) async {
        let answer = await harness.post(
            "grant_type=client_credentials", authorization: basic("shop", "s3cret"), method: method)
        #expect(answer.status == 405)
        #expect(answer.field("allow") == "POST")
        #expect(answer.body["access_token"] == nil)
    }

    @Test("AS-002 unknown parameters are ignored")
    func unknown() async {
        #expect(await harness.token("&color=green&audience=https%3A%2F%2Felsewhere.example").status == 200)
    }

    @Test(
        "AS-003 a parameter without a value counts as left out",
        arguments: ["&scope=", "&resource=", "&client_secret=", "&client_id=", "&client_assertion=", "&scope"])
    func empty(_ parameter: String) async {
        let answer = await harness.token(parameter)
        #expect(answer.status == 200)
        #expect(answer.body["scope"]?.string == "orders:read orders:write")
    }

    @Test("AS-003 an empty grant_type is a missing one")
    func emptyGrantType() async {
        let answer = await harness.post("grant_type=", authorization: basic("shop", "s3cret"))
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test(
        "AS-004 a repeated parameter is refused, even an unknown or empty one",
        arguments: [
            "&grant_type=client_credentials", "&scope=orders:read&scope=orders:read", "&x=1&x=2",
            "&scope=&scope=orders:read", "&%73cope=a&scope=b",
        ])
    func repeated(_ parameters: String) async {
        let answer = await harness.token(parameters)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test("AS-004 resource may be there more than once when it is the same")
    func repeatedResource() async {
        #expect(await harness.token("&resource=https://api.example.com&resource=https://api.example.com").status == 200)
    }

    @Test("AS-005 credentials in the URI are refused, other parameters there are ignored")
    func uri() async {
        for query in [
            "client_secret=s3cret", "client_id=shop&client_secret=s3cret", "client_secre%74=x", "access_token=x", "%zz",
        ] {
            let answer = await harness.post(
                "grant_type=client_credentials", authorization: basic("shop", "s3cret"), query: query)
            #expect(answer.error == "invalid_request", "\(query)")
        }
        #expect(
            await harness.post("", authorization: basic("shop", "s3cret"), query: "grant_type=client_credentials").error
                == "invalid_request")
        #expect(
            await harness.post(
                "grant_type=client_credentials", authorization: basic("shop", "s3cret"), query: "trace=1"
            )
            .status == 200)
    }

    @Test(
        "the body must say that it is a form",
        arguments: [
            nil, "application/json", "text/plain", "multipart/form-data", "application/x-www-form-urlencodedx", "",
        ])
    func contentType(_ type: String?) async {
        let answer = await harness.post(
            "grant_type=client_credentials", authorization: basic("shop", "s3cret"), contentType: type)
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test(
        "parameters of the media type do not matter",
        arguments: [
            "application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded ;charset=utf-8",
        ])
    func contentTypeParameters(_ type: String) async {
        #expect(
            await harness.post(
                "grant_type=client_credentials", authorization: basic("shop", "s3cret"), contentType: type
            )
            .status == 200)
    }

    @Test(
        "a body that is no form is refused",
        arguments: [
            "grant_type=%", "grant_type=%zz", "grant_type=%ff", "grant_type=\u{e9}", "grant_type=a\tb",
            #"{"grant_type":"client_credentials"}"#,
        ])
    func badForm(_ body: String) async {
        let answer = await harness.post(body, authorization: basic("shop", "s3cret"))
        #expect(answer.status == 400)
        #expect(answer.error == "invalid_request")
    }

    @Test("a body beyond the bounds is refused")
    func tooLarge() async {
        let large = "grant_type=client_credentials&x=" + String(repeating: "x", count: 70_000)
        let many = (0..<300).map { "p\($0)=1" }.joined(separator: "&")
        #expect(await harness.post(large, authorization: basic("shop", "s3cret")).error == "invalid_request")
        #expect(await harness.post(many, authorization: basic("shop", "s3cret")).error == "invalid_request")
    }

    @Test(
        "AS-010 AS-017 a grant type that does not exist is unsupported, password and implicit like any other",
        arguments: ["password", "implicit", "urn:ietf:params:oauth:grant-type:saml2-bearer", "CLIENT_CREDENTIALS", "x"])
    func unsupported(_ grant: String) async {
        let answer = await harness.post(
            "grant_type=\(grant)&username=u&password=p", authorization: basic("shop", "s3cret"))
        #expect(answer.status == 400)
        #expect(answer.error == "unsupported_grant_type")
    }

    @Test("AS-010 a grant type that this client may not use is refused as unauthorized_client")
    func unauthorized() async throws {
        try await harness.register("mute", grants: [])
        let answer = await harness.token(id: "mute")
        #expect(answer.status == 400)
        #expect(answer.error == "unauthorized_client")
    }
}
