import JSON
import Testing

@Suite("Reading JSON")
struct ParsingTests {
    private func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try JSON.parse(Array(text.utf8), limits: limits)
    }

    @Test(
        "values are read",
        arguments: [
            ("null", nil), ("true", true), (" false\n", false), ("0", 0), ("-0", 0), ("-12", -12),
            ("9223372036854775807", 9_223_372_036_854_775_807),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.0", 1.0), ("1e3", 1000.0),
            ("-2.5E-1", -0.25), ("1E+2", 100.0), ("1e-999", 0.0), (#""""#, ""),
            (#""a\"\\\/\b\f\n\r\t""#, "a\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u00e9\u20AC\ud83d\uDE00""#, "é€😀"), (#""é€😀""#, "é€😀"), (#""\u0000""#, "\0"), ("[]", []),
            ("[ 1 , [ ] ]", [1, []]), ("{}", [:]),
            (#"{ "a" : { "b" : [ null ] } }"#, ["a": ["b": [nil]]]), (#"{"":1}"#, ["": 1]), ("\"\u{7F}\"", "\u{7F}"),
        ] as [(String, JSON)])
    func values(_ text: String, _ value: JSON) throws {
        #expect(try parse(text) == value)
    }

    @Test("members keep their order")
    func order() throws {
        #expect(try parse(#"{"b":1,"a":2,"c":3}"#).object?.names == ["b", "a", "c"])
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "-", "+1", "01", "-01", "1.", ".5", "1e",
            "1e+", "0x1", "1_0", "1 2", "[1,]", "[,1]",
            "[1 2]", "[", "]", "[1", "{", "}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{a:1}"#, #"{1:1}"#,
            #"{'a':1}"#, #"{"a":1 "b":2}"#, #"{"a" 1}"#,
            #"""#, #""a"#, #""\"#, #""\x""#, #""\u12""#, #""\u12g4""#, "\"a\nb\"", "\"\t\"", "\"\u{0}\"", "null\u{0}",
            "nullx", "{}x", "[]]", "// a\nnull", "/**/null",
            "\u{A0}null", "'a'", #"{"a":1}{"#,
        ])
    func refused(_ text: String) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        if case .syntax(let offset) = error {
            #expect((0...text.utf8.count).contains(offset))
        } else {
            Issue.record("\(String(describing: error))")
        }
    }

    @Test("RS-022 something after the object is refused")
    func trailing() {
        #expect(throws: JSONError.syntax(offset: 7)) { try parse(#"{"a":1}x"#) }
        #expect(throws: JSONError.syntax(offset: 8)) { try parse(#"{"a":1} {}"#) }
    }

    @Test(
        "RS-021 a member twice in one object is refused, however it is spelled",
        arguments: [
            (#"{"a":1,"a":1}"#, "a"), (#"{"a":1,"b":2,"\u0061":3}"#, "a"), (#"[{"x":{"a":1,"a":2}}]"#, "a"),
            (#"{"":1,"":2}"#, ""),
        ])
    func duplicates(_ text: String, _ name: String) {
        #expect(throws: JSONError.duplicateMember(name)) { try parse(text) }
    }

    @Test("names that are only canonically equivalent are two names")
    func equivalence() throws {
        let json = try parse("{\"\u{E9}\":1,\"e\u{301}\":2,\"K\":3,\"\u{212A}\":4}")
        #expect(json.object?.count == 4)
        #expect(json.object?["K"] == 3)
        #expect(json.object?["\u{212A}"] == 4)
        #expect(JSON.string("K") != JSON.string("\u{212A}"))
    }

    @Test("an object is empty until it has a member")
    func emptiness() throws {
        #expect(try parse("{}").object?.isEmpty == true)
        #expect(try parse(#"{"a":null}"#).object?.isEmpty == false)
    }

    @Test("the same name in two objects is no duplicate")
    func sameNames() throws {
        #expect(try parse(#"{"a":{"a":1},"b":{"a":2}}"#).object?.count == 2)
    }

    @Test(
        "RS-023 octets that are not UTF-8 are refused",
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xE0, 0x80, 0xAF, 0x22],
            [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xFF, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22],
            [0xEF, 0xBB, 0xBF, 0x31],
        ] as [[UInt8]])
    func notUTF8(_ octets: [UInt8]) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(octets) }
        guard case .notUTF8 = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "RS-023 UTF-16 and UTF-32 are refused",
        arguments: [[0x7B, 0x00, 0x7D, 0x00], [0xFF, 0xFE, 0x7B, 0x00], [0, 0, 0, 0x7B]] as [[UInt8]])
    func otherEncodings(_ octets: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(octets) }
    }

    @Test(
        "half a surrogate pair is refused",
        arguments: [
            #""\ud800""#, #""\udc00""#, #""\ud800x""#, #""\ud800\n""#, #""\ud800\ud800""#, #""\ud83d\u0041""#,
            #""\udc00\ud800""#,
        ])
    func surrogates(_ text: String) {
        #expect(throws: JSONError.loneSurrogate(offset: 1)) { try parse(text) }
    }

    @Test(
        "RS-045 numbers that nothing can hold are refused",
        arguments: [
            "1e400", "-1e400", "[1e309]", "1\(String(repeating: "0", count: 200))",
            "0.\(String(repeating: "1", count: 200))",
        ])
    func numbers(_ text: String) {
        let error = #expect(throws: JSONError.self) { try parse(text) }
        guard case .numberOutOfRange = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("size, depth and number of members are bounded")
    func bounds() {
        #expect(throws: Never.self) { try parse(String(repeating: "[", count: 16) + String(repeating: "]", count: 16)) }
        #expect(throws: JSONError.tooDeep) {
            try parse(String(repeating: "[", count: 17) + String(repeating: "]", count: 17))
        }
        #expect(throws: JSONError.tooDeep) { try parse(String(repeating: "{\"a\":", count: 60_000 / 5)) }
        #expect(throws: Never.self) {
            try parse("[" + Array(repeating: "1", count: 1_024).joined(separator: ",") + "]")
        }
        #expect(throws: JSONError.tooLarge) {
            try parse("[" + Array(repeating: "1", count: 1_025).joined(separator: ",") + "]")
        }
        #expect(throws: JSONError.tooLarge) { try parse("\"\(String(repeating: "a", count: 65_536))\"") }
        #expect(throws: JSONError.tooLarge) { try parse("123", limits: JSONLimits(bytesMax: 2)) }
        #expect(JSONLimits(depthMax: 100_000).depthMax == 128)
    }

    @Test("every beginning of a document is refused without harm")
    func truncated() {
        let octets = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\ud83d\ude00é"],"b":{"c":false}}"#.utf8)
        #expect(throws: Never.self) { try JSON.parse(octets) }
        for count in 0..<octets.count {
            #expect(throws: JSONError.self) { try JSON.parse(Array(octets[..<count])) }
        }
    }
}
