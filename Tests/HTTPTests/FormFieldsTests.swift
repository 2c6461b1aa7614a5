import HTTP
import Testing

@Suite("Forms")
struct FormFieldsTests {
    private func pairs(_ text: String) throws -> [String] {
        try FormFields(Array(text.utf8)).pairs.map { "\($0.name)=\($0.value)" }
    }

    @Test(
        "fields are decoded in their order",
        arguments: [
            ("", []), ("a=b", ["a=b"]), ("a=b&c=d", ["a=b", "c=d"]), ("a", ["a="]), ("=b", ["=b"]),
            ("a=b=c", ["a=b=c"]), ("a+b=c+d", ["a b=c d"]), ("a=b c&d=e", ["a=b c", "d=e"]),
            ("scope=orders%3Aread+x", ["scope=orders:read x"]), ("a=%C3%A9%26", ["a=é&"]), ("&&a=b&", ["a=b"]),
            ("%61=b", ["a=b"]), ("a=%00", ["a=\0"]),
        ] as [(String, [String])])
    func decoded(_ text: String, _ expected: [String]) throws {
        #expect(try pairs(text) == expected)
    }

    @Test(
        "what is not a form is refused",
        arguments: [
            ("a=%", FormError.badEncoding), ("a=%4", .badEncoding), ("a=%zz", .badEncoding), ("a=b\tc", .badEncoding),
            ("a=\u{E9}", .badEncoding),
            ("a=b\r\n", .badEncoding), ("a=%FF", .notUTF8), ("a=%C0%AF", .notUTF8), ("a=%ED%A0%80", .notUTF8),
        ])
    func refused(_ text: String, _ error: FormError) {
        #expect(throws: error) { try FormFields(latin1(text)) }
    }

    @Test("a name sent twice is seen, even when it is spelled in two ways")
    func repeated() throws {
        let form = try FormFields(Array("scope=a&x=y&%73cope=b&scope=c".utf8))
        #expect(form.values("scope") == ["a", "b", "c"])
        #expect(form.repeatedNames == ["scope"])
        #expect(form.values("X") == [])
        #expect(try FormFields(Array("a=1&b=2&a=3".utf8)).repeatedNames == ["a"])
    }

    @Test("a form that was written reads the same")
    func written() throws {
        var text = FormText()
        text.add("scope", "orders:read x")
        text.add("a&b", [0x7E, 0xC3, 0xA9])
        #expect(String(decoding: text.octets, as: UTF8.self) == "scope=orders%3Aread%20x&a%26b=~%C3%A9")
        #expect(
            try FormFields(text.octets).pairs.map { "\($0.name)=\($0.value)" } == ["scope=orders:read x", "a&b=~é"])
    }

    @Test("forms are bounded")
    func bounds() {
        #expect(throws: Never.self) { try FormFields(Array("a=\(String(repeating: "b", count: 65_534))".utf8)) }
        #expect(throws: FormError.tooLarge) { try FormFields(Array("a=\(String(repeating: "b", count: 65_535))".utf8)) }
        #expect(throws: Never.self) {
            try FormFields(Array(Array(repeating: "a=b", count: 256).joined(separator: "&").utf8))
        }
        #expect(throws: FormError.tooLarge) {
            try FormFields(Array(Array(repeating: "a=b", count: 257).joined(separator: "&").utf8))
        }
    }

    @Test("a service finds every value of a field")
    func services() {
        let request = ServiceRequest(method: "GET", path: "/", fields: [("a", "1"), ("b", "2"), ("a", "3")])
        #expect(request.values("a") == ["1", "3"])
    }
}
