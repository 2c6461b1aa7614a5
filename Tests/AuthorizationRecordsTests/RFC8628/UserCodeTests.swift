import Testing

@testable import AuthorizationRecords

@Suite("RFC 8628 §6.1: codes that users type")
struct UserCodeTests {
    @Test("AS-086 a code has eight of twenty consonants, each as likely as any other")
    func alphabet() throws {
        var counts: [Character: Int] = [:]
        for _ in 0..<2_000 {
            let code = try #require(UserCode.generate(.system))
            #expect(code.count == 8)
            for letter in code { counts[letter, default: 0] += 1 }
        }
        #expect(Set(counts.keys) == Set("BCDFGHJKLMNPQRSTVWXZ"))
        // 800 expected; seven standard deviations either side.
        #expect(counts.values.allSatisfy { (600...1_000).contains($0) })
    }

    @Test(
        "AS-086 capitals and dashes do not matter, anything else makes it no code",
        arguments: [
            ("WDJB-MJHT", "WDJBMJHT"), ("wdjbmjht", "WDJBMJHT"), (" wDjB mJhT ", "WDJBMJHT"),
            ("W-D-J-B-M-J-H-T", "WDJBMJHT"), ("WDJB-MJH", nil),
            ("WDJB-MJHTT", nil), ("WDJB-MJHA", nil), ("WDJB-MJH0", nil), ("", nil), ("ＷDJB-MJHT", nil),
        ] as [(String, String?)])
    func entry(typed: String, code: String?) {
        #expect(UserCode.normalised(typed) == code)
    }

    @Test("octets that would favour a letter are passed over, and a source that gives nothing else gives no code")
    func bias() {
        #expect(UserCode.generate(Randomness { [UInt8](repeating: 255, count: $0) }) == nil)
        #expect(UserCode.generate(Randomness { [UInt8](repeating: 239, count: $0) }) == "ZZZZZZZZ")
    }
}
