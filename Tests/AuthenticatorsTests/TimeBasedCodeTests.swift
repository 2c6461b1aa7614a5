import Testing

@testable import Authenticators

@Suite("RFC 6238: codes of authenticator apps")
struct TimeBasedCodeTests {
    private static let secret = Array("12345678901234567890".utf8)

    @Test(
        "the values of Appendix B",
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)])
    func appendix(_ time: Int64, _ code: String) {
        #expect(TimeBasedCode.code(step: time / 30, secret: Self.secret) == code)
        #expect(TimeBasedCode.step(of: code, secret: Self.secret, after: nil, now: time) == time / 30)
    }

    @Test(
        "a code counts one step before and behind its own, and no further",
        arguments: [
            (-61, false), (-60, false), (-31, false), (-30, true), (-1, true), (0, true), (29, true), (59, true),
            (60, false), (90, false),
        ] as [(Int64, Bool)])
    func drift(_ away: Int64, _ counts: Bool) {
        let began: Int64 = 30 * 1_000_000
        let code = TimeBasedCode.code(step: 1_000_000, secret: Self.secret)
        #expect(
            (TimeBasedCode.step(of: code, secret: Self.secret, after: nil, now: began + away) != nil) == counts)
    }

    @Test("a code is taken once, and none that is older than one that was taken")
    func once() {
        let now: Int64 = 30 * 1_000_000
        func step(_ step: Int64, after last: Int64?) -> Int64? {
            TimeBasedCode.step(
                of: TimeBasedCode.code(step: step, secret: Self.secret), secret: Self.secret, after: last, now: now)
        }
        #expect(step(1_000_000, after: nil) == 1_000_000)
        #expect(step(1_000_000, after: 1_000_000) == nil)
        #expect(step(999_999, after: 1_000_000) == nil)
        #expect(step(1_000_001, after: 1_000_000) == 1_000_001)
        // Of a clock that was set back.
        #expect(step(1_000_000, after: 2_000_000) == nil)
    }

    @Test(
        "anything but six digits is no code",
        arguments: [
            "", "28708", "2870820", "287o82", "２８７０８２", "-87082", "+87082",
            String(repeating: " ", count: 40) + "287082",
        ])
    func shapes(_ text: String) {
        #expect(TimeBasedCode.step(of: text, secret: Self.secret, after: nil, now: 59) == nil)
    }

    @Test("spaces between the digits do not matter")
    func spaces() {
        #expect(TimeBasedCode.step(of: " 287 082 ", secret: Self.secret, after: nil, now: 59) == 1)
    }

    @Test(
        "base32 as in RFC 4648 §10, without padding",
        arguments: [
            ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ])
    func base32(_ text: String, _ encoded: String) {
        #expect(TimeBasedCode.base32(Array(text.utf8)) == encoded)
        #expect(TimeBasedCode.octets(base32: encoded) == Array(text.utf8))
    }

    @Test("another spelling of base32 is refused", arguments: ["my", "MZ=", "M", "MZ", "MZXW6YTBOJ", "10"])
    func spelling(_ text: String) { #expect(TimeBasedCode.octets(base32: text) == nil) }

    @Test("the address for apps names site and user, escaped")
    func address() {
        #expect(
            TimeBasedCode.address(secret: Self.secret, user: "a b&c", issuer: "login.example:8443")
                == "otpauth://totp/login.example%3A8443:a%20b%26c?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                + "&issuer=login.example%3A8443&algorithm=SHA1&digits=6&period=30")
    }
}
