import Testing

@testable import HTTP

@Suite("IPv6 addresses as hosts")
struct IPv6AddressTests {
    @Test(
        "have one text, however they are written (RFC 5952)",
        arguments: [
            ("[::1]", "[::1]"), ("[0:0:0:0:0:0:0:1]", "[::1]"), ("[0000:0000:0000:0000:0000:0000:0000:0001]", "[::1]"),
            ("[::0:1]", "[::1]"), ("[0::1]", "[::1]"), ("[::]", "[::]"), ("[0:0::0]", "[::]"),
            ("[2001:DB8::1]", "[2001:db8::1]"), ("[2001:0db8:0:0:0:0:0:1]", "[2001:db8::1]"),
            ("[2001:db8:0:1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"), ("[2001:db8::1:1:1:1:1]", "[2001:db8:0:1:1:1:1:1]"),
            ("[2001:0:0:1:0:0:0:1]", "[2001:0:0:1::1]"), ("[2001:db8:0:0:1:0:0:1]", "[2001:db8::1:0:0:1]"),
            ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7:0]"), ("[::2:3:4:5:6:7:8]", "[0:2:3:4:5:6:7:8]"),
            ("[fe80::]", "[fe80::]"), ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
            ("[::FFFF:c000:0201]", "[::ffff:192.0.2.1]"), ("[64:ff9b::192.0.2.33]", "[64:ff9b::c000:221]"),
            ("[1:2:3:4:5:6:192.0.2.1]", "[1:2:3:4:5:6:c000:201]"),
        ])
    func canonical(text: String, canonical: String) throws {
        #expect(IPv6Address.canonicalHost(text) == canonical)
        #expect(IPv6Address.canonicalHost(canonical) == canonical)
        let head = try read("GET / HTTP/1.1\r\nHost: \(text):8443\r\n\r\n")
        #expect(head.text(head.host) == canonical)
        // The target may spell it otherwise.
        let target = try read("GET https://\(canonical)/ HTTP/1.1\r\nHost: \(text)\r\n\r\n")
        #expect(target.text(target.host) == canonical)
    }

    @Test(
        "what is none is no host",
        arguments: [
            "[1:2:3]", "[:::]", "[::1::]", "[1:2:3:4:5:6:7:8:9]", "[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]",
            "[:1::2]",
            "[1::2:]", "[12345::]", "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]", "[::1.2.3.4:5]", "[1.2.3.4::]",
            "[::1.2.3.4.5]",
        ])
    func none(text: String) {
        #expect(IPv6Address.canonicalHost(text) == text)
        #expect(throws: HeadError.badHost) { try read("GET / HTTP/1.1\r\nHost: \(text)\r\n\r\n") }
    }

    @Test("another address in the target is another host")
    func mismatch() {
        #expect(throws: HeadError.hostMismatch) {
            try read("GET https://[::2]/ HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        }
        #expect(throws: HeadError.hostMismatch) {
            try read("GET https://a/ HTTP/1.1\r\nHost: [::1]\r\n\r\n")
        }
        #expect(throws: HeadError.hostMismatch) {
            try read("GET https://[::1]/ HTTP/1.1\r\nHost: a\r\n\r\n")
        }
    }
}
