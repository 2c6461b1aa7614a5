import HTTP
import Testing

@Suite("Writing")
struct WritingTests {
    @Test(
        "numbers",
        arguments: [
            (0, "0"), (7, "7"), (10, "10"), (65_535, "65535"), (Int.max, "9223372036854775807"),
            (Int.min, "-9223372036854775808"),
        ])
    func decimals(_ number: Int, _ text: String) {
        var writer = ByteWriter()
        writer.append(decimal: number)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test(
        "hexadecimal numbers",
        arguments: [(0, "0"), (10, "a"), (16, "10"), (0x1F00, "1f00"), (UInt64.max, "ffffffffffffffff")]
            as [(UInt64, String)])
    func hexadecimals(_ number: UInt64, _ text: String) {
        var writer = ByteWriter()
        writer.append(hex: number)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test("octets in hexadecimal")
    func hexOfOctets() {
        var writer = ByteWriter()
        writer.append(hexOf: [0x00, 0x0F, 0xA5])
        #expect(writer.bytes == Array("000fa5".utf8))
    }

    @Test(
        "dates",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_795_478_399, "Mon, 23 Nov 2026 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
            (-5, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] as [(Int64, String)])
    func dates(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(seconds) == text)
    }

    @Test("a refusal is a problem document with the stable code and the request's id")
    func problems() {
        var out: [UInt8] = []
        Problem.append(
            status: 403, title: "Forbidden", code: "insufficient_scope", detail: "A \"scope\" is missing.",
            requestID: Array("id\"\n".utf8), to: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == #"{"type":"about:blank","title":"Forbidden","status":403,"code":"insufficient_scope","detail":"A \"scope\" is missing.","request_id":"id\"?"}"#
                + "\n")
    }

    @Test("every status has a reason")
    func reasons() {
        #expect(Status.reason(429).description == "Too Many Requests")
        for code in 100...599 { #expect(Status.reason(code).utf8CodeUnitCount > 0) }
    }
}
