import Foundation
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Users")
struct UserDirectoryTests {
    private let harness: LogInHarness
    init() async throws { harness = try await LogInHarness() }

    @Test("a hash that another implementation of scrypt made is understood")
    func foreignHash() {
        // Python's hashlib.scrypt
        let text = "$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$wk79EttC618m617oirShLZuxJkXcX6rXHrrS9rQQ_44"
        let hash = PasswordHash(text: text)
        #expect(hash?.text == text)
        #expect(hash?.recognises("correct horse battery staple") == true)
        #expect(hash?.recognises("correct horse battery stapl") == false)
    }

    @Test("new hashes cost what is recommended")
    func cost() {
        #expect(PasswordHash.Parameters.current == PasswordHash.Parameters(costLog2: 15, blockSize: 8, parallelism: 3))
        #expect(PasswordHash.of("x", parameters: .current, salt: [UInt8](0..<16)) != nil)
    }

    @Test(
        "a hash text that would take all memory, or is none, is no hash",
        arguments: [
            "", "x", "$scrypt$ln=15,r=8,p=1$AAAA$AAAA",
            "$scrypt$ln=30,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "$scrypt$ln=10,r=8$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "$scrypt$ln=10,r=999999999999999999999,p=1$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        ])
    func badHash(text: String) { #expect(PasswordHash(text: text) == nil) }

    @Test("an address that was verified says nothing of another one, and an account of before has none that was")
    func verifiedAddress() throws {
        var user = StoredUser(id: "u", name: "ada", createdAt: newYear2026)
        user.email = "ada@example.com"
        #expect(try #require(StoredUser(user.record)).isEmailVerified == false)
        user.isEmailVerified = true
        #expect(try #require(StoredUser(user.record)) == user)
        user.email = "ada@example.com"
        #expect(user.isEmailVerified)
        user.email = "ada@example.org"
        #expect(!user.isEmailVerified)
    }

    @Test("a user's name is unique whatever its capitals, and cannot be taken twice at once")
    func unique() async throws {
        await #expect(throws: UserError.nameTaken("alice")) {
            try await harness.directory.add(
                name: "ALICE", password: "another long password", now: newYear2026, random: harness.random)
        }
        let made = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (try? await harness.directory.add(
                        name: "dave", password: "another long password", now: newYear2026, random: harness.random))
                        != nil
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
        #expect(try await harness.directory.list().whole().map(\.name) == ["alice", "dave"])
    }

    @Test(
        "a name has the characters of names only",
        arguments: ["", "a b", "a\u{430}", "a/b", "ä", "a:b", String(repeating: "a", count: 129)])
    func badNames(name: String) async {
        await #expect(throws: UserError.badName) {
            try await harness.directory.add(
                name: name, password: "another long password", now: newYear2026, random: harness.random)
        }
    }

    @Test(
        "passwords that everybody tries first are refused, with the reason",
        arguments: [
            ("short", UserError.passwordTooShort), ("elevenchars", .passwordTooShort),
            (String(repeating: "abcd", count: 65), .passwordTooLong),
            ("erin@example.com", .passwordIsName), ("aaaaaaaaaaaaaaa", .passwordIsSimple),
            ("abababababab", .passwordIsSimple),
            ("password1234", .passwordIsCommon), ("P4ssw0rd!2026", .passwordIsCommon),
            ("Summer2026!!!", .passwordIsCommon), ("qwertyuiop123", .passwordIsCommon),
            ("1q2w3e4r5t6y", .passwordIsCommon), ("123456789012", .passwordIsCommon),
            ("iloveyouiloveyou", .passwordIsCommon), ("manchesterunited1", .passwordIsCommon),
            ("Willkommen2026", .passwordIsCommon), ("christopher1", .passwordIsCommon),
            ("kerin example 2026", .passwordContainsName), ("l0gin-Ex4mple-2026", .passwordIsCommon),
            ("zaq12wsxcde3", .passwordIsCommon),
            ("pass erin@example.com word", .passwordContainsName), ("xx ERIN yyyyyyyy 9", .passwordContainsName),
            ("login.example of mine", .passwordContainsName),
        ])
    func badPasswords(password: String, error: UserError) async {
        await #expect(throws: error) {
            try await UserDirectory(
                store: harness.store, hasher: PasswordHasher(atOnce: 1, parameters: LogInHarness.cheap),
                rules: PasswordRules(host: "login.example")
            ).add(name: "erin@example.com", password: password, now: newYear2026, random: harness.random)
        }
    }

    @Test(
        "words that have nothing to do with each other are a password, as is what no list has",
        arguments: [
            "correct horse battery staple", "another long password", "a password of mine", "vierzehn-blaue-Kühe",
            "gT7#pQz9!kLm", "a quite new password", "8f2c1d9e7b3a", String(repeating: "kv9 ", count: 64),
        ])
    func goodPasswords(password: String) throws {
        try PasswordRules(host: "login.example").check(password, name: "erin", email: "erin.k@mail.example")
    }

    @Test("a new password ends the sessions, and the old one is wrong from then on")
    func newPassword() async throws {
        let browser = harness.browser()
        try await harness.logIn(browser)
        try await harness.change(harness.user, .init(password: "another long password"))
        #expect(try await harness.store.records(RecordQuery(.session, subject: harness.user.id), most: 10).isEmpty)
        #expect(try await harness.logIn(browser).status == 403)
        #expect(try await harness.logIn(browser, password: "another long password").status == 303)
    }

    @Test("a disabled account cannot log in, and what was granted for it ends; enabled, it logs in again")
    func disabled() async throws {
        let browser = harness.browser()
        try await harness.logIn(browser)
        let grant = Grant(
            id: "g", clientID: "shop", subject: harness.user.id, scopes: [], resources: [], createdAt: newYear2026,
            expiresAt: newYear2026 + 1_000)
        _ = try await harness.store.commit([.insert(grant.record)], now: newYear2026)
        try await harness.change(harness.user, .init(isDisabled: true))
        #expect(try await harness.logIn(browser).status == 403)
        #expect(try await harness.store.record(.grant, "g") == nil)
        #expect(try await harness.store.records(RecordQuery(.session, subject: harness.user.id), most: 10).isEmpty)
        #expect(try await harness.store.record(.revocation, "subject:" + harness.user.id) != nil)
        // What it would be granted at once would end with what it was granted before.
        await #expect(throws: ManagementError.self) {
            try await harness.change(harness.user, .init(isDisabled: false), now: newYear2026 + 2)
        }
        try await harness.change(harness.user, .init(isDisabled: false), now: newYear2026 + 3)
        #expect(try await harness.logIn(browser).status == 303)
    }

    @Test("a removed account is gone with its name, and whoever takes the name is somebody else")
    func removed() async throws {
        _ = try await harness.administration.removeUser(harness.user.id, now: newYear2026)
        await #expect(throws: ManagementError.notFound) {
            try await harness.administration.removeUser(harness.user.id, now: newYear2026)
        }
        let next = try await harness.directory.add(
            name: "alice", password: "another long password", now: newYear2026, random: harness.random)
        #expect(next.id != harness.user.id)
    }

    @Test(
        "who comes while too many wait is told so at once, and they get their turn",
        .enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1, "one thread computes, another refuses"))
    func bounded() async throws {
        let hasher = PasswordHasher(atOnce: 1, parameters: LogInHarness.cheap)
        // One computes, `waitingMax` wait, and for one more there is no place; only then the first comes to its end.
        let gate = DispatchSemaphore(value: 0)
        let refused = await withTaskGroup(of: Bool.self, returning: Int.self) { group in
            for _ in 0..<PasswordHasher.waitingMax + 2 {
                group.addTask {
                    do throws(PasswordHasherBusy) {
                        try await hasher.run { gate.wait() }
                        gate.signal()
                        return false
                    } catch {
                        gate.signal()
                        return true
                    }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(refused == 1)
        #expect(try await !hasher.verify("x", nil))
    }
}
