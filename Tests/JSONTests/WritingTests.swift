import JSON
import Testing

@Suite("Writing JSON")
struct WritingTests {
    private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

    @Test("a value is written without white space, members in order")
    func compact() {
        let json: JSON = ["b": [1, -2, 2.5, true, false, nil], "a": ["x": "y"], "e": [], "o": [:]]
        #expect(text(json.serialized()) == #"{"b":[1,-2,2.5,true,false,null],"a":{"x":"y"},"e":[],"o":{}}"#)
    }

    @Test("a value is written for readers")
    func pretty() {
        let json: JSON = ["a": [1, ["b": []]], "c": [:]]
        #expect(
            text(json.serialized(pretty: true))
                == "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}")
    }

    @Test(
        "what was written reads as the same",
        arguments: [
            [
                "a": "\"\\/\u{8}\u{C}\n\r\t\u{1}\u{7F}é😀\u{2028}", "b": 9_007_199_254_740_993, "c": 0.1, "d": 1e300,
                "e": .number(.leastNonzeroMagnitude), "f": -0.5, "g": .integer(.min),
            ],
            [1.0, 100.0, 1e21], "plain", .string(String(repeating: "ä", count: 1_000)),
        ] as [JSON])
    func roundTrip(_ json: JSON) throws {
        #expect(try JSON.parse(json.serialized()) == json)
        #expect(try JSON.parse(json.serialized(pretty: true)) == json)
    }

    @Test("numbers that JSON cannot express become null")
    func notFinite() {
        #expect(text(JSON.array([.number(.nan), .number(.infinity)]).serialized()) == "[null,null]")
    }

    @Test(
        "octets become a string whatever they are",
        arguments: [
            ([], #""""#), ([0x61, 0x22, 0x5C, 0x0A, 0x00, 0x7F], #""a\"\\\n\u0000\u007f""#), ([0xC3, 0xA9], "\"é\""),
            ([0xE9], #""\ufffd""#),
            ([0x61, 0xC3], #""a\ufffd""#), ([0xC3, 0x28], #""\ufffd(""#), ([0xE2, 0x82], #""\ufffd""#),
            ([0xC0, 0xAF], #""\ufffd\ufffd""#),
            ([0xED, 0xA0, 0x80], #""\ufffd\ufffd\ufffd""#), ([0xF0, 0x9F, 0x98, 0x80], "\"😀\""),
            ([0xF0, 0x9F, 0x98], #""\ufffd""#),
            ([0xF4, 0x90, 0x80, 0x80], #""\ufffd\ufffd\ufffd\ufffd""#), ([0xFF, 0x61], #""\ufffda""#),
        ] as [([UInt8], String)])
    func escaped(_ octets: [UInt8], _ expected: String) throws {
        var out: [UInt8] = []
        JSONText.appendEscaped(octets, to: &out)
        #expect(text(out) == expected)
        _ = try JSON.parse(out)
        var slice: [UInt8] = []
        JSONText.appendEscaped(([0x22] + octets + [0x22])[1..<(octets.count + 1)], to: &slice)
        #expect(slice == out)
    }

    @Test("every sequence of octets becomes a string that can be read, with the replacements that Swift would make")
    func repaired() throws {
        var octets: [UInt8] = []
        var seed: UInt32 = 1
        for _ in 0..<5_000 {
            octets.removeAll()
            for _ in 0..<6 {
                seed = seed &* 1_664_525 &+ 1_013_904_223
                octets.append(
                    [0x41, 0x80, 0xBF, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xA9, 0x9F, 0xFF][Int(seed >> 16) % 12])
            }
            var out: [UInt8] = []
            JSONText.appendEscaped(octets, to: &out)
            #expect(try JSON.parse(out).string == String(decoding: octets, as: UTF8.self))
        }
    }

    @Test(
        "numbers are appended in decimal",
        arguments: [
            (0, "0"), (7, "7"), (-7, "-7"), (10, "10"), (1_000_000, "1000000"), (.max, "9223372036854775807"),
            (.min, "-9223372036854775808"),
        ] as [(Int64, String)])
    func decimal(_ number: Int64, _ expected: String) {
        var out: [UInt8] = []
        JSONText.append(number, to: &out)
        #expect(text(out) == expected)
    }
}

@Suite("JSON values")
struct ValueTests {
    @Test("a value is asked for as what it is")
    func accessors() {
        #expect(JSON.integer(5).int == 5)
        #expect(JSON.integer(5).double == 5)
        #expect(JSON.number(5).int == nil)
        #expect(JSON.number(2.5).double == 2.5)
        #expect(JSON.string("a").string == "a")
        #expect(JSON.bool(true).bool == true)
        #expect(JSON.null.isNull)
        #expect(JSON.string("5").int == nil)
        #expect(JSON.array([1]).array == [1])
        #expect(JSON.null.object == nil)
    }

    @Test("members are found, changed, added and removed by name")
    func members() {
        var object: JSONObject = ["a": 1, "b": 2, "a": 3]
        #expect(object.count == 2)
        #expect(object["a"] == 1)
        object["a"] = 4
        object["c"] = 5
        object["b"] = nil
        #expect(object.names == ["a", "c"])
        #expect(object["a"] == 4)
        #expect(object["z"] == nil)
    }

    @Test("objects are equal whatever the order of their members")
    func equality() {
        let one: JSON = ["a": 1, "b": [2]]
        #expect(one == ["b": [2], "a": 1])
        #expect(one != ["b": [2]])
        #expect(one != ["b": [2], "a": 2])
        #expect(one != ["b": [2], "c": 1])
    }
}
