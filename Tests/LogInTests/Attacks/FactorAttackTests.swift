import HTTP
import JSON
import Octets
import Policy
import Testing

@testable import Administration
@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attack: in without the second factor, or with somebody else's")
struct FactorAttackTests {
    /// What is taken back between the first and the second factor.
    enum Way: String, CaseIterable, Sendable { case nothing, password, disabled, removed, factorRemoved, time }

    @Test("what is taken back between the two factors is in force", arguments: Way.allCases)
    func between(_ way: Way) async throws {
        let factors = try await Factors()
        try await factors.addApp()
        var authenticator = try await factors.addPasskey()
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        let administration = factors.harness.administration
        let id = factors.harness.user.id
        var now = newYear2026
        switch way {
        case .nothing: break
        case .password:
            _ = try await administration.changeUser(
                id, .init(password: "another horse battery staple"), now: now, random: factors.harness.random)
        case .disabled:
            _ = try await administration.changeUser(
                id, .init(isDisabled: true), now: now, random: factors.harness.random)
        case .removed:
            _ = try await administration.removeUser(id, now: now)
            #expect(factors.harness.store.count(.factor) == 0)
        case .factorRemoved:
            let there = try await factors.there
            let passkey = try #require(there.passkeys.first)
            let changes = FactorRemoval.changes(passkey, isLast: false, there, try await factors.user)
            #expect(try await factors.harness.store.commit(changes, now: now))
        case .time: now += FirstFactor.seconds
        }
        let sent = await browser.send(page, ["code": factors.code(now)], now: now)
        #expect(sent.setsSession == (way == .nothing))
        let other = factors.harness.browser()
        let interaction = try await factors.harness.interaction(for: other, now: now)
        let login = await other.get("/oauth2/login", "interaction=\(interaction)", now: now)
        let alone = await other.send(
            login, ["passkey": try authenticator.assertion(challenge: login.challenge)], now: now)
        #expect(alone.setsSession == [.nothing, .password, .time].contains(way), "passkey alone, \(way)")
    }

    @Test("the first factor alone opens nothing")
    func firstAlone() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        let id = try #require(page.hidden["interaction"])
        #expect(await browser.get("/oauth2/consent", "interaction=\(id)").location?.contains("/login") == true)
        let resumed = await browser.get("/oauth2/authorize", "interaction=\(id)")
        #expect(resumed.location == "/oauth2/login?interaction=\(id)")
        #expect(await browser.get(Factors.listPath).location?.contains("/login") == true)
        // Nor in another browser, nor with the form of another page.
        let other = factors.harness.browser()
        #expect(await other.get(Factors.factorPath, "interaction=\(id)").status == 400)
        let login = await browser.get("/oauth2/login", "interaction=\(id)")
        let body = "interaction=\(id)&form_token=\(login.hidden["form_token"] ?? "")&code=\(factors.code())"
        #expect(await browser.post(Factors.factorPath, body).status == 400)
    }

    @Test("who was logged in before does not pass for the second factor")
    func olderSession() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        let session = browser[SessionReader.cookieName]
        try await factors.addApp()
        let id = try await factors.harness.interaction(
            for: browser, request: ["prompt": "login"], user: factors.harness.user.id)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        let sent = await browser.send(form, ["username": "alice", "password": LogInHarness.password])
        #expect(sent.location == Factors.factorPath + "?interaction=\(id)")
        #expect(browser[SessionReader.cookieName] == session)
        #expect(try await factors.harness.stored(id).user == nil)
    }

    @Test("a session by the password alone, of before a factor was set up, changes no password")
    func olderSessionChangesNothing() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        let path = "/oauth2/account/password"
        let form = await browser.get(path)
        #expect(form.status == 200)
        let before = try await factors.user.passwordHash
        try await factors.addApp()
        let new = "seven green lanterns drift"
        let sent = await browser.send(form, ["current": LogInHarness.password, "new": new, "again": new])
        #expect(sent.status == 303 && sent.location?.hasPrefix("/oauth2/login?interaction=") == true)
        #expect(try await factors.user.passwordHash == before)
        #expect(await browser.get(path).status == 303)
    }

    @Test("codes are not guessed: five wrong ones, then one a minute; a passkey and a known browser are not concerned")
    func guessing() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        var authenticator = try await factors.addPasskey()
        let known = factors.harness.browser()
        let first = try await factors.afterPassword(known)
        #expect(await known.send(first, ["code": factors.code()]).status == 303)
        var statuses: [Int] = []
        for number in 0..<8 {
            let browser = factors.harness.browser(address: "192.0.2.\(number)")
            let page = try await factors.afterPassword(browser)
            let sent = await browser.send(page, ["code": "00000\(number)"])
            statuses.append(sent.status)
            if sent.status == 429 { #expect(sent.facts.event == "factor_braked") }
        }
        #expect(statuses == [403, 403, 403, 403, 403, 429, 429, 429])
        let later = newYear2026 + 30
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser, now: later)
        #expect(await browser.send(page, ["code": factors.code(later)], now: later).status == 429)
        let passkey = try authenticator.assertion(challenge: page.challenge)
        #expect(await browser.send(page, ["passkey": passkey], now: later).status == 303)
        // The browser in which the account has logged in before.
        known[SessionReader.cookieName] = nil
        let own = try await factors.afterPassword(known, now: later)
        #expect(await known.send(own, ["code": factors.code(later)], now: later).status == 303)
    }

    @Test("a code that two browsers send at once lets one of them in")
    func codeTwice() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        let one = factors.harness.browser()
        let other = factors.harness.browser()
        let (first, second) = (try await factors.afterPassword(one), try await factors.afterPassword(other))
        let sent = [
            await one.send(first, ["code": factors.code()]), await other.send(second, ["code": factors.code()]),
        ]
        #expect(sent.map(\.setsSession) == [true, false])
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let what: String
        let reason: String?
        let change: @Sendable (inout SoftwareAuthenticator) throws -> Void
        var testDescription: String { what }
    }
    static let forgeries: [Forgery] = [
        Forgery(what: "of another site", reason: "passkey_origin") { $0.origin = "https://evil.example" },
        Forgery(what: "of another relying party", reason: "passkey_relying_party") {
            $0.relyingPartyID = "evil.example"
        },
        Forgery(what: "nobody verified", reason: "passkey_user_not_verified") { $0.flags = 0x01 },
        Forgery(what: "without saying whose it is", reason: "passkey_unknown") { $0.userHandle = nil },
        Forgery(what: "saying that it is somebody else's", reason: "passkey_unknown") {
            $0.userHandle = Array("user-x".utf8)
        },
        Forgery(what: "that nobody knows", reason: "passkey_unknown") { $0.credentialID = [7] },
        Forgery(what: "a count that went back", reason: "passkey_count") {
            $0.step = 0
        },
        Forgery(what: "in a frame", reason: "passkey_cross_origin") {
            $0.clientData = { $0["crossOrigin"] = true }
        },
    ]

    @Test("a passkey that is not right logs nobody in", arguments: forgeries)
    func forged(_ forgery: Forgery) async throws {
        let factors = try await Factors()
        var authenticator = try await factors.addPasskey()
        let browser = factors.harness.browser()
        let id = try await factors.harness.interaction(for: browser)
        var page = await browser.get("/oauth2/login", "interaction=\(id)")
        // Used once, so that there is a count.
        #expect(
            await browser.send(page, ["passkey": try authenticator.assertion(challenge: page.challenge)]).status == 303)
        browser[SessionReader.cookieName] = nil
        let next = try await factors.harness.interaction(for: browser)
        page = await browser.get("/oauth2/login", "interaction=\(next)")
        try forgery.change(&authenticator)
        let answer = try authenticator.assertion(challenge: page.challenge)
        let sent = await browser.send(page, ["passkey": answer])
        #expect(sent.status == 403 && !sent.setsSession)
        #expect(sent.facts.event == "factor_failed" && sent.facts.error == forgery.reason)
        #expect(sent.text.contains("The passkey could not be used."))
    }

    @Test("a challenge counts once, in its own interaction and browser, and for five minutes")
    func challenges() async throws {
        let factors = try await Factors()
        var authenticator = try await factors.addPasskey()
        let browser = factors.harness.browser()
        let id = try await factors.harness.interaction(for: browser)
        let page = await browser.get("/oauth2/login", "interaction=\(id)")
        let other = try await factors.harness.interaction(for: browser)
        let otherPage = await browser.get("/oauth2/login", "interaction=\(other)")
        // Of another interaction of this browser.
        let swapped = await browser.send(
            otherPage,
            ["passkey": try authenticator.assertion(challenge: page.challenge), "challenge": page.challenge])
        #expect(swapped.status == 403)
        // Too late.
        let late = newYear2026 + PasskeyChallenge.seconds + 1
        #expect(
            await browser.send(
                page, ["passkey": try authenticator.assertion(challenge: page.challenge)], now: late
            ).status == 403)
        // Whatever came of it, it is over.
        #expect(
            await browser.send(page, ["passkey": try authenticator.assertion(challenge: page.challenge)]).status == 403)
        // One that the browser made up.
        let made = Base64URL.encode([UInt8](repeating: 0, count: 40))
        let fresh = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(
            await browser.send(
                fresh, ["passkey": try authenticator.assertion(challenge: made), "challenge": made]
            ).status == 403)
        let again = await browser.get("/oauth2/login", "interaction=\(id)")
        let answer = try authenticator.assertion(challenge: again.challenge)
        #expect(await browser.send(again, ["passkey": answer]).status == 303)
        browser[SessionReader.cookieName] = nil
        #expect(await browser.send(again, ["passkey": answer]).status == 403)
    }

    @Test("somebody else's passkey is no second factor of mine")
    func othersPasskey() async throws {
        let factors = try await Factors()
        _ = try await factors.addPasskey()
        let bob = try await factors.harness.directory.add(
            name: "Bob", password: LogInHarness.password, displayName: "Bob", now: newYear2026,
            random: factors.harness.random)
        var his = try await factors.addPasskey([9], of: bob)
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        let sent = await browser.send(page, ["passkey": try his.assertion(challenge: page.challenge)])
        #expect(sent.status == 403 && sent.facts.error == "passkey_unknown")
    }

    @Test("a passkey that somebody else has already is not taken")
    func takenCredential() async throws {
        let factors = try await Factors()
        let bob = try await factors.harness.directory.add(
            name: "Bob", password: LogInHarness.password, displayName: "Bob", now: newYear2026,
            random: factors.harness.random)
        let his = try await factors.addPasskey([9], of: bob)
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        let list = await browser.get(Factors.listPath)
        let sent = await browser.send(list, ["passkey": his.registration(challenge: list.challenge)])
        #expect(sent.status == 403)
        #expect(try await factors.there.all.isEmpty)
    }

    @Test("the secret of an app is the one that the page showed, in this browser and at this time")
    func slippedSecret() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        let form = await browser.get(Factors.listPath, "set_up=totp")
        let own = TimeBasedCode.base32(Factors.secret)
        let sent = await browser.send(form, ["do": "add_app", "secret": own, "code": factors.code()])
        #expect(sent.status == 403)
        #expect(try await factors.there.all.isEmpty)
    }

    @Test("a factor that cannot be read lets nobody in by the password alone")
    func damaged() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        let key = try #require(try await factors.there.totp?.key)
        factors.harness.store.damage(.factor, key)
        let browser = factors.harness.browser()
        let id = try await factors.harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        let sent = await browser.send(form, ["username": "alice", "password": LogInHarness.password])
        #expect(!sent.setsSession && sent.location == Factors.factorPath + "?interaction=\(id)")
        let page = await browser.follow(sent)
        #expect(page.status == 503 && page.facts.event == "damaged_record")
    }

    @Test("a factor that is added while the password is computed is asked for")
    func addedMeanwhile() async throws {
        let race = RacingStore(MemoryStore())
        let factors = try await Factors(racing: race)
        let browser = factors.harness.browser()
        let id = try await factors.harness.interaction(for: browser)
        let form = await browser.get("/oauth2/login", "interaction=\(id)")
        race.before {
            let stored = try StoredCodeSecret(
                Factors.secret, of: factors.harness.user.id, lastStep: nil, seal: nil, random: .system)
            let factor = StoredFactor(
                of: factors.harness.user.id, .totp(stored), label: "", createdAt: newYear2026)
            _ = try await race.store.commit(
                [factors.user.touched, .insert(factor.record)], now: newYear2026)
        }
        let sent = await browser.send(form, ["username": "alice", "password": LogInHarness.password])
        #expect(!sent.setsSession && sent.location == Factors.factorPath + "?interaction=\(id)")
    }
}
