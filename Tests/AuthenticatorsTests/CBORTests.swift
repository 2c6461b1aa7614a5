import Testing

@testable import Authenticators
@testable import AuthorizationTesting

@Suite("CBOR, as authenticators write it")
struct CBORTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        let what: String
        let octets: [UInt8]
        let error: CBORError
        var testDescription: String { what }

        init(_ what: String, _ octets: [UInt8], _ error: CBORError) {
            self.what = what
            self.octets = octets
            self.error = error
        }
    }

    static let refused: [Refused] = [
        Refused("nothing", [], .truncated),
        Refused("a number whose octets are missing", [0x19, 0x01], .truncated),
        Refused("octets that are missing", [0x43, 1, 2], .truncated),
        Refused("a length beyond everything", [0x5B] + [UInt8](repeating: 0xFF, count: 8), .truncated),
        Refused("an array of more values than octets", [0x9A, 0x7F, 0xFF, 0xFF, 0xFF], .truncated),
        Refused("a map of more members than octets", [0xBB] + [UInt8](repeating: 0x7F, count: 8), .truncated),
        Refused("a number in more octets than it needs", [0x18, 0x17], .notShortest),
        Refused("a number in eight octets that needs four", [0x1B, 0, 0, 0, 0, 1, 0, 0, 0], .notShortest),
        Refused("a length in more octets than it needs", [0x58, 0x01, 0], .notShortest),
        Refused("octets of indefinite length", [0x5F, 0x41, 0, 0xFF], .notAllowed),
        Refused("an array of indefinite length", [0x9F, 0xFF], .notAllowed),
        Refused("a map of indefinite length", [0xBF, 0xFF], .notAllowed),
        Refused("a tag", [0xC0, 0x00], .notAllowed),
        Refused("a floating-point number", [0xF9, 0x3C, 0x00], .notAllowed),
        Refused("undefined", [0xF7], .notAllowed),
        Refused("a simple value", [0xF8, 0x20], .notAllowed),
        Refused("the same number twice as key", [0xA2, 0x01, 0x02, 0x01, 0x03], .duplicateKey),
        Refused("the same text twice as key", [0xA2, 0x61, 0x61, 0x02, 0x61, 0x61, 0x03], .duplicateKey),
        Refused("octets as key", [0xA1, 0x41, 0x01, 0x02], .badKey),
        Refused("an array as key", [0xA1, 0x80, 0x02], .badKey),
        Refused("a text that is not UTF-8", [0x61, 0xFF], .badText),
        Refused("something behind the value", [0x01, 0x01], .trailingOctets),
        Refused("arrays in arrays", [UInt8](repeating: 0x81, count: 9) + [0x01], .tooDeep),
        Refused("a great many arrays in arrays", [UInt8](repeating: 0x81, count: 10_000), .tooDeep),
        Refused("too many values", [0x99, 0x02, 0x01] + [UInt8](repeating: 0, count: 513), .tooManyValues),
        Refused("too many octets", [0x59, 0x40, 0x00] + [UInt8](repeating: 0, count: 16_384), .tooLarge),
    ]

    @Test("what has a second spelling, or is too much, is refused", arguments: refused)
    func refuses(_ refused: Refused) {
        #expect(throws: refused.error) { try CBOR.parse(refused.octets) }
    }

    @Test(
        "numbers of every size read as they were written",
        arguments: [
            0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, Int64.max, -1, -24, -25, -257, Int64.min,
        ])
    func numbers(_ number: Int64) throws {
        #expect(try CBOR.parse(CBORText.number(number).octets).integer == number)
    }

    @Test("a number beyond 64 bits with a sign is none")
    func beyond() throws {
        #expect(try CBOR.parse([0x1B] + [UInt8](repeating: 0xFF, count: 8)).integer == nil)
        #expect(try CBOR.parse([0x3B] + [UInt8](repeating: 0xFF, count: 8)).integer == nil)
    }

    @Test("members are found by their key, octet by octet")
    func members() throws {
        let map = try CBOR.parse(
            CBORText.map([
                (.text("é"), .number(1)), (.number(-1), .bytes([7])), (.text("a"), .array([.text("b")])),
            ]).octets)
        #expect(map["é"]?.integer == 1)
        #expect(map["e\u{301}"] == nil)
        #expect(map[-1]?.octets == [7])
        #expect(map[1] == nil)
        #expect(map.memberCount == 3)
    }

    @Test("a value in front of others says where it ends")
    func prefix() throws {
        let octets = [0xFF] + CBORText.map([(.number(1), .text("x"))]).octets + [0x01]
        #expect(try CBOR.parse(octets, from: 1).end == octets.count - 1)
        #expect(throws: CBORError.truncated) { try CBOR.parse(octets, from: octets.count) }
        #expect(throws: CBORError.truncated) { try CBOR.parse(octets, from: octets.count + 1) }
    }
}
