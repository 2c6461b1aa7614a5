import JSON
import Testing

@testable import AuthorizationRecords

@Suite("Factors as they are stored")
struct StoredFactorTests {
    private static let seal = KeySeal(secret: [UInt8](repeating: 5, count: 32))
    private static let secret = Array("12345678901234567890".utf8)
    private static let passkey = StoredPasskey(
        credentialID: [1, 2, 3], publicKey: ["kty": "EC"], signatureCount: .max, isBackupEligible: true,
        isBackedUp: true, transports: ["usb", "internal"])

    private static func all() throws -> [StoredFactor] {
        var factors = [
            StoredFactor(of: "user-1", .passkey(passkey), label: "Schlüssel", createdAt: 7),
            StoredFactor(
                of: "user-1",
                .totp(try StoredCodeSecret(secret, of: "user-1", lastStep: nil, seal: nil, random: .system)),
                label: "", createdAt: 7),
            StoredFactor(
                of: "user-1",
                .totp(try StoredCodeSecret(secret, of: "user-1", lastStep: 8, seal: seal, random: .system)),
                label: "", createdAt: 7),
            StoredFactor(of: "user-1", .recoveryCodes([]), label: "", createdAt: 7),
            StoredFactor(
                of: "user-1", .recoveryCodes(RecoveryCode.generate(.system).map(RecoveryCode.digest)), label: "",
                createdAt: 7),
        ]
        factors[0].lastUsedAt = 9
        return factors
    }

    @Test("a factor is read as it was written, and as nothing else")
    func roundTrip() throws {
        for factor in try Self.all() {
            #expect(StoredFactor(factor.record) == factor)
            var record = factor.record
            record.body["more"] = 1
            #expect(StoredFactor(record) == nil)
            for name in ["method", "label", "created_at"] {
                record = factor.record
                record.body[name] = nil
                #expect(StoredFactor(record) == nil, "without \(name)")
            }
            record = factor.record
            record.subject = nil
            #expect(StoredFactor(record) == nil)
        }
    }

    @Test("a user has one authenticator app and one set of recovery codes, and a credential one user")
    func keys() throws {
        let all = try Self.all()
        #expect(all[1].key == all[2].key)
        #expect(all[3].key == all[4].key)
        #expect(Set(all.map(\.key)).count == 3)
        let other = StoredFactor(of: "user-2", .passkey(Self.passkey), label: "", createdAt: 0)
        #expect(other.key == all[0].key)
        let codes = StoredFactor(of: "user-2", .recoveryCodes([]), label: "", createdAt: 0)
        #expect(codes.key != all[3].key)
    }

    @Test("a sealed secret opens for its own user only, and under its own key only")
    func sealed() throws {
        let stored = try StoredCodeSecret(Self.secret, of: "user-1", lastStep: nil, seal: Self.seal, random: .system)
        #expect(!stored.isPlain)
        #expect(try stored.secret(of: "user-1", seal: Self.seal) == Self.secret)
        #expect(throws: KeySealError.self) { try stored.secret(of: "user-2", seal: Self.seal) }
        #expect(throws: KeySealError.self) { try stored.secret(of: "user-1", seal: nil) }
        #expect(throws: KeySealError.self) {
            try stored.secret(of: "user-1", seal: KeySeal(secret: [UInt8](repeating: 6, count: 32)))
        }
        let text = StoredFactor(of: "user-1", .totp(stored), label: "", createdAt: 0).record.encodedBody
        let plain = try StoredCodeSecret(Self.secret, of: "user-1", lastStep: nil, seal: nil, random: .system)
        let clear = StoredFactor(of: "user-1", .totp(plain), label: "", createdAt: 0).record.encodedBody
        #expect(clear.contains("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA") && !text.contains("MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"))
        #expect(try plain.secret(of: "user-1", seal: Self.seal) == Self.secret)
    }

    @Test("recovery codes are read however they are typed, and nothing of them is stored")
    func recovery() throws {
        let codes = RecoveryCode.generate(.system)
        #expect(Set(codes).count == 10)
        for code in codes {
            let shown = RecoveryCode.shown(code)
            #expect(shown.count == 19)
            #expect(RecoveryCode.normalised(shown.uppercased()) == code)
            #expect(RecoveryCode.normalised(" " + shown.replacing("-", with: " ")) == code)
            #expect(!RecoveryCode.digest(of: code).contains(code))
        }
        for text in ["", "123456", String(codes[0].dropLast()), codes[0] + "a", "l" + codes[0].dropFirst()] {
            #expect(RecoveryCode.normalised(text) == nil, "\(text)")
        }
    }

    @Test("a factor that cannot be read is still one")
    func damaged() {
        let none = UserFactors([])
        let damaged = UserFactors([], damaged: DamagedRecord(.factor, "k", sequence: 1, expiresAt: nil))
        #expect(!none.areThere && damaged.areThere)
        #expect(!UserFactors([StoredFactor(of: "u", .recoveryCodes([]), label: "", createdAt: 0)]).areThere)
    }
}

@Suite("Levels of log-ins")
struct AuthenticationLevelTests {
    @Test(
        "a log-in meets its own level and those below",
        arguments: [
            ("pwd", "pwd", true), ("pwd", "mfa", false), ("pwd", "phr", false), ("mfa", "pwd", true),
            ("mfa", "mfa", true), ("mfa", "phr", false), ("phr", "pwd", true), ("phr", "mfa", true),
            ("phr", "phr", true),
            ("phr", "phrh", false), ("urn:example:mfa", "pwd", false), ("urn:example:mfa", "urn:example:mfa", true),
            (nil, "pwd", false),
        ] as [(String?, String, Bool)])
    func meets(_ acr: String?, _ asked: String, _ isMet: Bool) {
        #expect(UserAuthentication(time: 1, acr: acr).meets(asked) == isMet)
    }

    @Test(
        "a client is told the first value that it asks for and that is met, and otherwise what there was",
        arguments: [
            ("phr", [], "phr"), ("phr", ["mfa"], "mfa"), ("phr", ["gold", "pwd", "phr"], "pwd"),
            ("pwd", ["mfa"], "pwd"),
            ("urn:example:mfa", ["mfa"], "urn:example:mfa"),
        ] as [(String, [String], String)])
    func told(_ acr: String, _ asked: [String], _ told: String) {
        let authentication = UserAuthentication(time: 1, acr: acr, methods: ["pop"])
        #expect(
            authentication.told(asked: asked) == UserAuthentication(time: 1, acr: told, methods: ["pop"]))
    }
}
