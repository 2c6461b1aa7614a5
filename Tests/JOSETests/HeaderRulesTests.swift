import Testing

@testable import JOSE

@Suite("Header members by the book")
struct HeaderRulesTests {
    @Test(
        "RS-024 a crit that is empty, no array of names, doubled, or names what is absent is refused",
        arguments: [
            #""crit":[]"#, #""crit":{}"#, #""crit":null"#, #""crit":"exp","exp":1"#, #""crit":true"#, #""crit":[1]"#,
            #""crit":["exp","exp"],"exp":1"#, #""crit":["exp"]"#, #""crit":[null]"#, #""crit":[["exp"]],"exp":1"#,
            #""crit":["exp","other"],"exp":1"#,
        ])
    func badCritical(_ members: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256",\#(members)}"#)
        #expect(throws: JOSEError.malformed(.badCritical)) { try CompactJWS(text: token) }
    }

    @Test(
        "RS-024 a crit that names an unknown extension is refused",
        arguments: [
            #""crit":["exp"],"exp":1"#, #""crit":["http://example.com/x"],"http://example.com/x":true"#,
            #""crit":["b64"],"b64":true"#,
        ])
    func unknownCritical(_ members: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256",\#(members)}"#)
        #expect(throws: JOSEError.malformed(.unknownCritical)) { try CompactJWS(text: token) }
    }

    @Test(
        "RS-025 a crit that names a registered header is refused",
        arguments: ["alg", "typ", "kid", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256", "cty", "crit", "enc", "zip"])
    func registeredCritical(_ name: String) throws {
        let member = ["alg", "crit"].contains(name) ? "" : #","\#(name)":"x""#
        let token = try TestKeys.token(header: #"{"alg":"ES256","crit":["\#(name)"]\#(member)}"#)
        #expect(throws: JOSEError.malformed(.badCritical)) { try CompactJWS(text: token) }
    }

    @Test("RS-026 b64 is refused, with and without crit, whatever it says", arguments: ["false", "true", "null", "0"])
    func unencodedPayload(_ value: String) throws {
        let bare = try TestKeys.token(header: #"{"alg":"ES256","b64":\#(value)}"#)
        #expect(throws: JOSEError.malformed(.unencodedPayload)) { try CompactJWS(text: bare) }
        let critical = try TestKeys.token(header: #"{"alg":"ES256","crit":["b64"],"b64":\#(value)}"#)
        #expect(throws: JOSEError.malformed(.unknownCritical)) { try CompactJWS(text: critical) }
    }

    @Test(
        "RS-027 a token inside a token is refused",
        arguments: ["JWT", "jwt", "application/jwt", "at+jwt", "application/AT+JWT"])
    func nested(_ cty: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256","cty":"\#(cty)"}"#)
        #expect(throws: JOSEError.malformed(.nested)) { try CompactJWS(text: token) }
    }

    @Test("RS-027 members of an encrypted token, and its five parts, are refused")
    func encrypted() throws {
        for member in [#""enc":"A256GCM""#, #""zip":"DEF""#] {
            let token = try TestKeys.token(header: #"{"alg":"ES256",\#(member)}"#)
            #expect(throws: JOSEError.malformed(.encrypted)) { try CompactJWS(text: token) }
        }
        #expect(throws: JOSEError.malformed(.notCompact)) {
            try CompactJWS(text: "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.AA.AA.AA.AA")
        }
    }

    @Test("unknown members that are not critical are ignored (RFC 7515 §4)")
    func unknownMembers() throws {
        let key = try TestKeys.set(.es256)
        let token = try TestKeys.token(header: #"{"alg":"ES256","exp":1,"vendor":{"a":[1,2]},"cty":"json"}"#)
        #expect(judge(token, by: key, allowing: [.es256]) == nil)
    }
}
