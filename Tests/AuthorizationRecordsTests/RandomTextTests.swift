import AuthorizationRecords
import JOSE
import Testing

@Suite("Texts made of random octets")
struct RandomTextTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var kind: RandomText
        /// Of the octets 0, 1, 2, …
        var text: String
        var kept: RandomText.Kept
        var testDescription: String { name }

        init(_ name: String, _ kind: RandomText, _ text: String, _ kept: RandomText.Kept) {
            self.name = name
            self.kind = kind
            self.text = text
            self.kept = kept
        }
    }

    private static let octets32 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    private static let octets16 = "AAECAwQFBgcICQoLDA0ODw"

    static let all = [
        Case("client secret", .clientSecret, "pcs_" + octets32 + "3nbuqa", .mac),
        Case("registration token", .registrationToken, "pcr_" + octets32, .digest),
        Case("authorization code", .authorizationCode, octets32, .digest),
        Case("refresh token", .refreshToken, octets32, .digest),
        Case("device code", .deviceCode, octets32, .digest),
        Case("request_uri", .requestURI, "urn:ietf:params:oauth:request_uri:" + octets32, .digest),
        Case("session", .session, octets32, .digest),
        Case("browser", .browser, octets32, .digest),
        Case("interaction", .interaction, octets32, .digest),
        Case("state at the provider", .providerState, octets32, .digest),
        Case("recovery code", .recoveryCode, "abcdefghijkmnpqr", .digestBeside),
        Case("link to an account", .accountLink, "pcl_" + octets32, .digest),
        Case("known browser", .knownBrowser, octets32, .nothing),
        Case("client id", .clientID, "client-abcdefghijkmnpqr", .asIs),
        Case("user id", .userID, "user-" + octets16, .asIs),
        Case("suffix of a user name", .userNameSuffix, "-abcdef", .asIs),
        Case("grant id", .grantID, octets16, .asIs),
        Case("token id", .tokenID, octets16, .nothing),
        Case("code verifier", .codeVerifier, octets32, .nothing),
        Case("state", .requestState, octets16, .nothing),
    ]

    @Test("each kind has its prefix, its length and its alphabet, and is kept in its way", arguments: all)
    func formats(_ expected: Case) {
        let counting = Randomness { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
        #expect(expected.kind.make(counting) == expected.text)
        #expect(expected.kind.kept == expected.kept)
        #expect(expected.kind.make(.system) != expected.kind.make(.system))
    }

    @Test("what is found by a digest alone has 256 random bits", arguments: all)
    func strength(_ expected: Case) {
        guard expected.kept == .digest else { return }
        #expect(expected.kind.octetCount == 32)
        #expect(expected.kind.encoding == .base64url)
    }

    @Test("a text is well formed if it could have been made, and in no other way", arguments: all)
    func wellFormed(_ expected: Case) {
        let text = expected.kind.make(.system)
        #expect(expected.kind.isWellFormed(text))
        let others = [
            "", String(text.dropLast()), String(text.dropFirst()), text + "A", text.dropLast() + "!",
            text.dropLast() + "=", " " + text,
        ]
        for other in others { #expect(!expected.kind.isWellFormed(other), "\(other)") }
    }

    @Test("a record is found by SHA-256 in base64url")
    func key() {
        // printf %s abc | openssl dgst -sha256 -binary | basenc --base64url
        let digest = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"
        #expect(RandomText.refreshToken.key(of: "abc") == digest)
        #expect(UserCode.key(of: "abc") == digest)
    }
}
