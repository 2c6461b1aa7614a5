import Octets
import Testing

private let all = Array(UInt8.min...UInt8.max)

@Suite("Octets: digits, letters, escapes")
struct OctetsTests {
    private func text(_ octets: [UInt8]) -> String { String(decoding: octets, as: UTF8.self) }

    @Test("of all octets, exactly these are digits, letters, hexadecimal and unreserved")
    func classes() {
        let digits = "0123456789"
        let capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        #expect(text(all.filter(ASCII.isDigit)) == digits)
        #expect(text(all.filter(ASCII.isLetter)) == capitals + capitals.lowercased())
        #expect(text(all.filter(ASCII.isAlphanumeric)) == digits + capitals + capitals.lowercased())
        #expect(text(all.filter(Hex.isLowercaseDigit)) == digits + "abcdef")
        #expect(text(all.filter { Hex.value($0) != nil }) == digits + "ABCDEFabcdef")
        #expect(
            text(all.filter(PercentEncoding.isUnreserved)) == "-." + digits + capitals + "_" + capitals.lowercased()
                + "~")
    }

    @Test("capitals become small letters, and nothing else changes")
    func lowercase() {
        for octet in all {
            let expected = (0x41...0x5A).contains(octet) ? octet + 32 : octet
            #expect(ASCII.lowercased(octet) == expected)
        }
    }

    @Test("hexadecimal digits are read in either case and written in the one that is asked for")
    func hex() {
        for value in UInt8(0)..<16 {
            #expect(Hex.value(Hex.digit(value)) == value)
            #expect(Hex.value(Hex.uppercaseDigit(value)) == value)
        }
        #expect(text((0..<16).map(Hex.digit)) == "0123456789abcdef")
        #expect(text((0..<16).map(Hex.uppercaseDigit)) == "0123456789ABCDEF")
        #expect(Hex.text(of: [0x00, 0x0F, 0xA0, 0xFF] as [UInt8]) == "000fa0ff")
        #expect(Hex.text(0x0123_4567_89AB_CDEF) == "0123456789abcdef")
        #expect(Hex.text(1) == "0000000000000001")
    }

    @Test("everything but unreserved characters is percent-encoded, in upper case")
    func percent() {
        #expect(PercentEncoding.encoded("a-Z_0.9~") == "a-Z_0.9~")
        #expect(PercentEncoding.encoded(" +&=%/\u{E9}\n") == "%20%2B%26%3D%25%2F%C3%A9%0A")
        #expect(PercentEncoding.encoded([0xFF, 0x61] as [UInt8]) == Array("%FFa".utf8))
        #expect(PercentEncoding.encoded("") == "")
    }

    @Test(
        "RFC 4648 §10: base64 with its padding",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ])
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test("base64 of all octets comes back, with + and /")
    func base64All() {
        let encoded = Base64.encode(all)
        #expect(encoded.contains("+") && encoded.contains("/"))
        #expect(Base64.decode(Array(encoded.utf8)) == all)
    }

    @Test(
        "padding that is missing, too long or in the middle, and other alphabets, are no base64",
        arguments: [
            "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", "Zm9v====", "-_-_", "----", "____", "Zm9 ", "Zm\n=",
            "Zh==", "Zm9=",
        ])
    func badBase64(text: String) { #expect(Base64.decode(Array(text.utf8)) == nil) }

    @Test(
        "decimal numbers are written without leading zeros",
        arguments: [
            (0, "0"), (9, "9"), (10, "10"), (1_234_567_890, "1234567890"), (UInt64.max, "18446744073709551615"),
        ])
    func decimals(number: UInt64, text: String) {
        var out = Array("=".utf8)
        DecimalDigits.append(number, to: &out)
        #expect(self.text(out) == "=" + text)
    }

    @Test(
        "a number is digits and nothing else",
        arguments: [
            ("0", 0), ("7", 7), ("65535", 65_535), ("9223372036854775807", Int.max), ("9223372036854775808", nil),
            ("", nil), ("00", nil), ("07", nil), ("+7", nil), ("-7", nil), ("7 ", nil), ("1_000", nil), ("٣", nil),
            ("0x10", nil),
        ] as [(String, Int?)])
    func numbers(text: String, number: Int?) { #expect(DecimalDigits.int(text) == number) }

    @Test(
        "texts are equal if all octets are",
        arguments: [
            ("", "", true), ("abc", "abc", true), ("abc", "abd", false), ("abc", "bbc", false), ("abc", "ab", false),
            ("", "a", false), ("ab", "ba", false),
        ])
    func equality(one: String, other: String, areEqual: Bool) {
        #expect(ConstantTime.areEqual(one.utf8, other.utf8) == areEqual)
        #expect(ConstantTime.areEqual(other.utf8, one.utf8) == areEqual)
    }

    @Test("sums, differences and products stop at the ends of the range")
    func saturating() {
        #expect(Int64.max.saturatingAdd(1) == .max && Int64.min.saturatingAdd(-1) == .min)
        #expect(Int64.min.saturatingSubtract(1) == .min && Int64.max.saturatingSubtract(-1) == .max)
        #expect(Int64.max.saturatingMultiply(2) == .max && Int64.max.saturatingMultiply(-2) == .min)
        #expect(Int64.min.saturatingMultiply(-1) == .max && Int64.min.saturatingMultiply(2) == .min)
        #expect(Int64(3).saturatingAdd(4) == 7 && Int64(3).saturatingSubtract(4) == -1)
        #expect(Int64(-3).saturatingMultiply(4) == -12)
    }

    @Test(
        "durations are whole nanoseconds",
        arguments: [
            (.zero, 0), (.seconds(2), 2_000_000_000), (.milliseconds(1_500), 1_500_000_000), (.nanoseconds(7), 7),
            (.milliseconds(-1), -1_000_000), (.seconds(Int64.max), .max), (.seconds(Int64.min), .min),
        ] as [(Duration, Int64)])
    func nanoseconds(duration: Duration, nanoseconds: Int64) { #expect(duration.nanoseconds == nanoseconds) }
}

@Suite("PEM blocks")
struct PEMTests {
    @Test("what is written is read, in lines of 64 characters", arguments: [1, 47, 48, 49, 200])
    func roundTrip(count: Int) throws {
        let block = PEM(label: "PRIVATE KEY", octets: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        let lines = block.text.split(separator: "\n")
        #expect(lines.first == "-----BEGIN PRIVATE KEY-----" && lines.last == "-----END PRIVATE KEY-----")
        #expect(lines.dropFirst().dropLast().dropLast().allSatisfy { $0.utf8.count == 64 })
        #expect(block.text.hasSuffix("-----\n"))
        let read = try #require(PEM("text before\r\n" + block.text.replacing("\n", with: " \r\n") + "text after"))
        #expect(read.label == "PRIVATE KEY")
        #expect(read.octets == block.octets)
    }

    @Test(
        "none, two, damaged and too large blocks are refused",
        arguments: [
            "", "no block", "-----BEGIN A-----\n-----BEGIN A-----\nZg==\n-----END A-----\n",
            "-----BEGIN A-----\nZg==\n", "Zg==\n-----END A-----\n",
            "-----BEGIN A-----\nZg==\n-----END B-----\n", "-----BEGIN A-----\nZg\n-----END A-----\n",
            "-----BEGIN A-----\nZg==\n-----END A-----\n-----BEGIN A-----\nZg==\n-----END A-----\n",
            "-----BEGIN A-----\nZg==\n-----END A-----\n" + String(repeating: " ", count: PEM.bytesMax),
        ])
    func refused(text: String) { #expect(PEM(text) == nil) }
}
