import JSON
import Testing

@testable import JOSE

@Suite("Compact tokens are parsed strictly")
struct CompactJWSTests {
    @Test("header and claims of a good token are there")
    func good() throws {
        let token = try TestKeys.token(.es256)
        let jws = try CompactJWS(text: token)
        #expect(jws.header.alg == "ES256")
        #expect(jws.header.typ == "at+jwt")
        #expect(try jws.header.kid == TestKeys.key(.es256).kid)
        #expect(jws.unverifiedClaims["sub"] == "alice")
    }

    @Test("RS-018 anything but exactly two dots is refused", arguments: [0, 1, 3, 4])
    func dots(_ count: Int) throws {
        let whole = parts(try TestKeys.token(.es256))
        let some = (0...count).map { whole[$0 % 3] }.joined(separator: ".")
        #expect(throws: JOSEError.malformed(.notCompact)) { try CompactJWS(text: some) }
    }

    @Test(
        "RS-018 the JSON serialisations and nothing at all are refused",
        arguments: ["", ".", "..", "...", "{}", #"{"payload":"e30"}"#])
    func notCompact(_ text: String) {
        #expect(throws: JOSEError.malformed(.notCompact)) { try CompactJWS(text: text) }
    }

    @Test(
        "RS-019 padding, white space, + and / are refused in each part", arguments: 0..<3,
        ["=", " ", "\n", "+", "/", "\0", "é", "%"])
    func foreignCharacters(_ part: Int, _ character: String) throws {
        var some = parts(try TestKeys.token(.es256))
        for place in [some[part].startIndex, some[part].index(some[part].startIndex, offsetBy: 5), some[part].endIndex]
        {
            let before = some
            some[part].insert(contentsOf: character, at: place)
            #expect(throws: JOSEError.self) { try CompactJWS(text: some.joined(separator: ".")) }
            some = before
        }
    }

    @Test("RS-020 a part whose last character has bits behind the last octet is refused", arguments: 0..<3)
    func trailingBits(_ part: Int) throws {
        let header = #"{"alg":"ES256","x":"12"}"# + " "  // 25 octets: two bits to spare
        let token = try TestKeys.token(header: header, payload: #"{"sub":"a","b":1}"#)
        var some = parts(token)
        let spare = [25, 17, 64][part] % 3
        try #require(spare != 0)
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(some[part].last.flatMap { alphabet.firstIndex(of: $0) })
        for other in (last + 1)..<(last + (spare == 1 ? 16 : 4)) {
            some[part].removeLast()
            some[part].append(alphabet[other])
            #expect(throws: JOSEError.malformed(.badBase64URL)) { try CompactJWS(text: some.joined(separator: ".")) }
        }
    }

    @Test(
        "RS-021 a member twice in the header is refused",
        arguments: [
            #"{"alg":"ES256","alg":"ES256"}"#, #"{"alg":"ES256","\u0061lg":"none"}"#,
            #"{"alg":"ES256","x":{"a":1,"a":1}}"#,
        ])
    func duplicateInHeader(_ header: String) throws {
        let token = try TestKeys.token(header: header)
        #expect(throws: JOSEError.malformed(.headerDuplicateMember)) { try CompactJWS(text: token) }
    }

    @Test(
        "RS-021 a member twice in the claims is refused",
        arguments: [
            #"{"sub":"a","sub":"b"}"#, #"{"sub":"a","s\u0075b":"b"}"#, #"{"a":{"b":1,"b":2}}"#,
            #"{"a":[{"b":1,"b":2}]}"#,
        ])
    func duplicateInClaims(_ claims: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: claims)
        #expect(throws: JOSEError.malformed(.claimsDuplicateMember)) { try CompactJWS(text: token) }
    }

    @Test("RS-022 anything behind the JSON object is refused", arguments: ["{}", "x", "\0", ",", "null", "\u{FEFF}"])
    func trailingOctets(_ tail: String) throws {
        let header = try TestKeys.token(header: #"{"alg":"ES256"}"# + tail)
        #expect(throws: JOSEError.malformed(.headerNotJSON)) { try CompactJWS(text: header) }
        let claims = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: #"{"sub":"alice"}"# + tail)
        #expect(throws: JOSEError.malformed(.claimsNotJSON)) { try CompactJWS(text: claims) }
    }

    @Test("RS-023 what is not well-formed UTF-8 without a byte order mark is refused", arguments: NotUTF8.allCases)
    fileprivate func notUTF8(_ kind: NotUTF8) throws {
        let key = try TestKeys.key(.es256)
        let header = try key.sign(headerOctets: kind.spoil(#"{"alg":"ES256","typ":"#, "}"), payload: Array("{}".utf8))
        #expect(throws: JOSEError.malformed(.headerNotJSON)) { try CompactJWS(text: header) }
        let claims = try key.sign(headerOctets: Array(#"{"alg":"ES256"}"#.utf8), payload: kind.spoil(#"{"sub":"#, "}"))
        #expect(throws: JOSEError.malformed(.claimsNotJSON)) { try CompactJWS(text: claims) }
    }

    @Test("RS-028 a header without alg, or with one that is no text, is refused")
    func algorithmMissing() throws {
        let missing = try TestKeys.token(header: #"{"typ":"JWT"}"#)
        #expect(throws: JOSEError.malformed(.missingAlgorithm)) { try CompactJWS(text: missing) }
        for alg in ["1", "null", "true", "[]", #"["ES256"]"#, "{}", #""""#] {
            let token = try TestKeys.token(header: #"{"alg":\#(alg)}"#)
            #expect(throws: JOSEError.malformed(.badHeaderMember)) { try CompactJWS(text: token) }
        }
    }

    @Test(
        "kid, typ and cty that are no text are refused", arguments: ["kid", "typ", "cty"], ["1", "null", "[]", #""""#])
    func membersOfWrongType(_ name: String, _ value: String) throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256","\#(name)":\#(value)}"#)
        #expect(throws: JOSEError.malformed(.badHeaderMember)) { try CompactJWS(text: token) }
    }

    @Test("a header or claims that are no object are refused", arguments: ["[]", "1", "null", #""alg""#, "true"])
    func notObjects(_ text: String) throws {
        let header = try TestKeys.token(header: text)
        #expect(throws: JOSEError.malformed(.headerNotObject)) { try CompactJWS(text: header) }
        let claims = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: text)
        #expect(throws: JOSEError.malformed(.claimsNotObject)) { try CompactJWS(text: claims) }
    }

    @Test("an empty payload is refused")
    func emptyPayload() throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: "")
        #expect(throws: JOSEError.malformed(.claimsNotJSON)) { try CompactJWS(text: token) }
    }

    @Test("a token of 16,384 octets is the longest")
    func longest() throws {
        let filler = String(repeating: "a", count: CompactJWS.bytesMax + 1)
        #expect(throws: JOSEError.malformed(.tooLarge)) { try CompactJWS(text: filler) }
        #expect(throws: JOSEError.malformed(.notCompact)) { try CompactJWS(text: String(filler.dropLast())) }
    }

    @Test("claims nested deeper than 16 are refused, not followed")
    func deep() throws {
        let deep = String(repeating: "[", count: 4_000) + String(repeating: "]", count: 4_000)
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: #"{"a":\#(deep)}"#)
        #expect(throws: JOSEError.tooComplex) { try CompactJWS(text: token) }
    }

    @Test("claims have 1,024 members and elements at most, in all depths", arguments: [1_024, 1_025])
    func many(count: Int) throws {
        let list = (3..<count).map(String.init).joined(separator: ",")
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: #"{"sub":"a","roles":[\#(list),0]}"#)
        #expect(token.utf8.count < CompactJWS.bytesMax)
        if count == 1_025 {
            #expect(throws: JOSEError.tooComplex) { try CompactJWS(text: token) }
        } else {
            #expect(try CompactJWS(text: token).unverifiedClaims.count == 2)
        }
    }

    @Test("a claim that is null is not there")
    func null() throws {
        let token = try TestKeys.token(header: #"{"alg":"ES256"}"#, payload: #"{"sub":"a","nbf":null,"x":{"y":null}}"#)
        let jws = try CompactJWS(text: token)
        #expect(jws.unverifiedClaims == ["sub": "a", "x": ["y": .null]])
    }

    @Test("every defect has a code of its own")
    func codes() {
        let codes = JOSEError.Defect.allCases.map { JOSEError.malformed($0).code }
        #expect(
            Set(codes + ["unsupported_algorithm", "no_key", "bad_signature", JOSEError.tooComplex.code]).count
                == codes.count + 4)
    }
}

/// Ways in which octets are not UTF-8 as RFC 8259 §8.1 has it.
private enum NotUTF8: CaseIterable {
    case overlong, surrogate, truncated, latin1, tooHigh, utf16, byteOrderMark

    func spoil(_ before: String, _ after: String) -> [UInt8] {
        func around(_ octets: [UInt8]) -> [UInt8] {
            Array(before.utf8) + [0x22] + octets + [0x22] + Array(after.utf8)
        }
        return switch self {
        case .overlong: around([0xC0, 0xAF])
        case .surrogate: around([0xED, 0xA0, 0x80])
        case .truncated: around([0xE2, 0x82])
        case .latin1: around([0xE9])
        case .tooHigh: around([0xF4, 0x90, 0x80, 0x80])
        case .utf16: around([0x61]).flatMap { [0, $0] }
        case .byteOrderMark: [0xEF, 0xBB, 0xBF] + around([0x61])
        }
    }
}
