import Octets
import Testing

@Suite("base64url, strictly")
struct Base64URLTests {
    @Test("what is encoded decodes to the same octets, for every length and every octet")
    func roundTrip() {
        for count in 0..<70 {
            let octets = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(Base64URL.decode(Base64URL.encode(octets)) == octets)
        }
        let all = Array(UInt8.min...UInt8.max)
        #expect(Base64URL.decode(Base64URL.encode(all)) == all)
    }

    @Test("RFC 7515 appendix C encodes as it says")
    func appendixC() {
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
        #expect(Base64URL.decode("A-z_4ME") == [3, 236, 255, 224, 193])
    }

    @Test(
        "RS-019 padding, white space and other alphabets are refused",
        arguments: [
            "QQ==", "QUI=", "QQ=", " QQ", "QQ ", "Q Q", "Q\nQ", "Q\tQA", "+w", "/w", "-/", "QQ.", "QQ\0", "QÄ",
            "Q\u{200B}Q",
        ])
    func foreignCharacters(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("RS-019 a length that no octets have is refused", arguments: ["A", "AAAAA", "AAAAAAAAA"])
    func impossibleLength(_ text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test("RS-019 each octet outside the alphabet is refused at each place")
    func everyForeignOctet() {
        let alphabet = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for octet in UInt8.min...UInt8.max where !alphabet.contains(octet) {
            for (count, place) in [
                (4, 0), (4, 1), (4, 2), (4, 3), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2), (6, 5), (7, 6),
            ] {
                var text = [UInt8](repeating: UInt8(ascii: "A"), count: count)
                text[place] = octet
                #expect(Base64URL.decode(text.span) == nil)
            }
        }
    }

    @Test("RS-020 bits set behind the last octet are refused: one text for each sequence of octets")
    func trailingBits() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for last in alphabet {
            for text in [[UInt8(ascii: "Q"), last], Array("QU".utf8) + [last], Array("QUJDQU".utf8) + [last]] {
                let decoded = Base64URL.decode(text.span)
                if let decoded { #expect(Array(Base64URL.encode(decoded).utf8) == text) }
            }
        }
        #expect(Base64URL.decode("QQ") == [0x41])
        #expect(Base64URL.decode("QR") == nil)
        #expect(Base64URL.decode("QUI") == [0x41, 0x42])
        #expect(Base64URL.decode("QUJ") == nil)
    }
}
