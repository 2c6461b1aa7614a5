import HTTP
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

/// The vectors are of Python's hashlib and of libcrypt and libargon2, for the password of the harness.
@Suite("Passwords that another server has hashed")
struct ImportedPasswordTests {
    static let computedHere = [
        "$pbkdf2-sha256$i=1000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI",
        // Longer than the digest, as Keycloak had it.
        "$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg==$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplLYbawB4lwjdPCI3Ns1d3pRT9/+PGa1sFXN8qwjZx9S8g==",
        // passlib
        "$pbkdf2-sha512$1000$MDEyMzQ1Njc4OWFiY2RlZg$5bTW2oeyDJyGJPcmEr.mRDE11ghpozWrDGnSNhRXo2ZCu0KHRDiUMAVEGzLJC.oDhRoeIja9J1iLIv9ptDJMfQ",
        // Django
        "pbkdf2_sha256$1000$saltysalt$TGvLvWQ3FS0hm6LiY2GRRjIIFTC/Q5rp07HyYd7TgIA=",
        "$scrypt$ln=4,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0Pz6RuN9WCY6OfE3FYH5Myx0JqvNjul84VbFyWLBf4g",
        "$scrypt$ln=4,r=8,p=1$c2hvcnQtc2FsdA$pcev5zN7MoCOxtg58HG92z/RfhU/f4ZgVKJ9Uywebv1sfaqLTOwpENfxW0F9HVU6ABhnvUf1iTPYa5kL8EIJdw",
    ]
    static let byLibraries = [
        "$2b$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
        "$2a$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
        "$2y$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
        "$argon2id$v=19$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
    ]

    @Test("the right password is recognised and no other, also once the hash was stored", arguments: computedHere)
    func recognised(text: String) throws {
        let hash = try ImportedPasswordHash(text: text)
        let stored = try ImportedPasswordHash(text: hash.text)
        #expect(stored == hash)
        for hash in [hash, stored] {
            #expect(try hash.recognises(LogInHarness.password, NoPasswordLibrary()))
            for wrong in ["", LogInHarness.password + " ", "correct horse battery"] {
                #expect(try !hash.recognises(wrong, NoPasswordLibrary()), "\(wrong)")
            }
        }
    }

    @Test("what is stored is read again as it was", arguments: computedHere + byLibraries)
    func stored(text: String) throws {
        let hash = try ImportedPasswordHash(text: text)
        #expect(try ImportedPasswordHash(text: hash.text) == hash)
        #expect(StoredPassword(text: hash.text) != nil)
    }

    @Test("an account with such a hash logs in, and has one of ours from then on", arguments: computedHere)
    func rehashed(text: String) async throws {
        let harness = try await LogInHarness()
        var user = harness.user
        user.passwordHash = try ImportedPasswordHash(text: text).text
        _ = try await harness.store.commit([.replace(user.record)], now: newYear2026)
        let browser = harness.browser()
        #expect(try await harness.logIn(browser, password: "not the password").status == 403)
        #expect(try await harness.store.user(id: user.id)?.passwordHash == user.passwordHash)
        #expect(try await harness.logIn(browser).status == 303)
        let after = try #require(try await harness.store.user(id: user.id)?.passwordHash)
        #expect(PasswordHash(text: after)?.parameters == LogInHarness.cheap)
        #expect(try await harness.logIn(browser).status == 303)
    }

    @Test(
        "where the library is missing that a hash needs, nobody is told that a password is wrong",
        arguments: byLibraries)
    func withoutLibrary(text: String) async throws {
        let harness = try await LogInHarness()
        var user = harness.user
        user.passwordHash = text
        _ = try await harness.store.commit([.replace(user.record)], now: newYear2026)
        let answer = try await harness.logIn(harness.browser())
        #expect(answer.status == 503)
        #expect(answer.facts.event == "password_library_missing")
        #expect(try ImportedPasswordHash(text: text).missing(in: NoPasswordLibrary()) != nil)
    }

    @Test(
        "Attack: a hash that takes a core for minutes, or all memory, is refused before it is computed",
        arguments: [
            "$2b$15$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
            "$2b$31$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W",
            "$argon2id$v=19$m=131073,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
            "$argon2id$v=19$m=131072,t=9,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
            "$argon2id$v=19$m=64,t=21,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
            "$argon2id$v=19$m=256,t=2,p=17$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
            "$pbkdf2-sha256$i=4000001,l=32$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI",
            "$pbkdf2-sha256$i=2000001$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplLYbawB4lwjdPCI3Ns1d3pRT9/+PGa1sFXN8qwjZx9S8g",
            "pbkdf2_sha256$999999999$saltysalt$TGvLvWQ3FS0hm6LiY2GRRjIIFTC/Q5rp07HyYd7TgIA=",
            "$scrypt$ln=18,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0Pz6RuN9WCY6OfE3FYH5Myx0JqvNjul84VbFyWLBf4g",
            "$scrypt$ln=4,r=8,p=5$MDEyMzQ1Njc4OWFiY2RlZg$0Pz6RuN9WCY6OfE3FYH5Myx0JqvNjul84VbFyWLBf4g",
        ])
    func tooCostly(text: String) {
        let fault = #expect(throws: PasswordHashFault.self) { try ImportedPasswordHash(text: text) }
        guard case .tooCostly = fault else { return #expect(Bool(false), "\(fault.map { "\($0)" } ?? "")") }
        #expect(StoredPassword(text: text) == nil)
    }

    @Test(
        "what is no hash of a known algorithm is refused, with the reason",
        arguments: [
            ("", PasswordHashFault.unknown), ("plain text", .malformed), ("$1$salt$hash", .unknown),
            ("$6$salt$hash", .unknown), ("{SSHA}abc", .unknown),
            ("$argon2i$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$AAAA", .unknown),
            ("pbkdf2_sha1$1000$salt$AAAA", .unknown), ("$2b$04$short", .malformed),
            ("$2b$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4\u{59}!", .malformed),
            ("$2x$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W", .unknown),
            (
                "$argon2id$v=20$m=64,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
                .malformed
            ),
            (
                "$argon2id$v=19$m=64,p=1,t=2$MDEyMzQ1Njc4OWFiY2RlZg$gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4",
                .malformed
            ),
            ("$pbkdf2-sha256$i=-1$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI", .malformed),
            ("$pbkdf2-sha256$i=0$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI", .malformed),
            (
                "$pbkdf2-sha256$i=1000,l=16$MDEyMzQ1Njc4OWFiY2RlZg$yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplI",
                .malformed
            ),
            ("$pbkdf2-sha256$i=1000$MDEyMzQ1Njc4OWFiY2RlZg$AAAA", .malformed),
            ("$scrypt$ln=4,r=8$MDEyMzQ1Njc4OWFiY2RlZg$0Pz6RuN9WCY6OfE3FYH5Myx0JqvNjul84VbFyWLBf4g", .malformed),
        ])
    func refused(text: String, fault: PasswordHashFault) {
        #expect(throws: fault) { try ImportedPasswordHash(text: text) }
        #expect(!fault.description.contains(text) || text.isEmpty)
    }
}
