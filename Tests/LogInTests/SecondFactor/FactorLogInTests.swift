import HTTP
import JSON
import Policy
import Testing

@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Logging in with a second factor")
struct FactorLogInTests {
    @Test("who has none logs in by password as ever")
    func none() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        #expect(try await factors.harness.logIn(browser).setsSession)
        #expect(try await factors.session(browser)?.authentication.acr == "pwd")
    }

    @Test("a code of the app is asked for after the password, and then there is a session")
    func app() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        #expect(page.status == 200 && page.text.contains("Code from your authenticator app"))
        #expect(page.text.contains("Alice A. (alice)"))
        let wrong = await browser.send(page, ["code": "000000"])
        #expect(wrong.status == 403 && wrong.facts.event == "factor_failed" && !wrong.setsSession)
        let right = await browser.send(wrong, ["code": factors.code()])
        #expect(right.status == 303 && right.setsSession && right.facts.event == "login")
        #expect(right.location?.hasPrefix("/oauth2/authorize?interaction=") == true)
        let authentication = try await factors.session(browser)?.authentication
        #expect(
            authentication
                == UserAuthentication(time: newYear2026, acr: "mfa", methods: ["pwd", "otp", "mfa"]))
    }

    @Test("a recovery code stands in for the app, once")
    func recovery() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        let codes = try await factors.addCodes()
        for (code, status) in [(codes[3], 303), (codes[3], 403), (codes[4], 303)] {
            let browser = factors.harness.browser()
            let sent = await browser.send(
                try await factors.afterPassword(browser), ["code": RecoveryCode.shown(code).uppercased()])
            #expect(sent.status == status)
        }
        guard case .recoveryCodes(let left)? = try await factors.there.recoveryCodes?.content else {
            Issue.record("no codes")
            return
        }
        #expect(left.count == 8)
    }

    @Test("a passkey after the password")
    func passkey() async throws {
        let factors = try await Factors()
        var authenticator = try await factors.addPasskey()
        authenticator.flags = 0x01
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        let sent = await browser.send(
            page, ["passkey": try authenticator.assertion(challenge: page.challenge)])
        #expect(sent.status == 303 && sent.setsSession)
        #expect(
            try await factors.session(browser)?.authentication
                == UserAuthentication(time: newYear2026, acr: "phr", methods: ["pwd", "pop", "user", "mfa"]))
        guard case .passkey(let stored)? = try await factors.there.passkeys.first?.content else { return }
        #expect(stored.signatureCount == 1)
    }

    @Test("a passkey alone, without a name")
    func alone() async throws {
        let factors = try await Factors()
        var authenticator = try await factors.addPasskey()
        let browser = factors.harness.browser()
        let id = try await factors.harness.interaction(for: browser)
        let page = await browser.get("/oauth2/login", "interaction=\(id)")
        #expect(page.field("content-security-policy")?.contains("script-src 'sha256-") == true)
        let sent = await browser.send(
            page, ["passkey": try authenticator.assertion(challenge: page.challenge)])
        #expect(sent.status == 303 && sent.setsSession)
        #expect(sent.location == "/oauth2/authorize?interaction=\(id)")
        #expect(
            try await factors.session(browser)?.authentication
                == UserAuthentication(time: newYear2026, acr: "phr", methods: ["pop", "user", "mfa"]))
    }

    @Test("where everybody must have one, who has none sets one up before there is a session")
    func required() async throws {
        let factors = try await Factors(.required)
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        #expect(page.text.contains("A password alone does not do here"))
        let id = try #require(page.hidden["interaction"])
        let app = await browser.get(Factors.factorPath, "interaction=\(id)&set_up=totp")
        let secret = try #require(app.hidden["secret"].flatMap(TimeBasedCode.octets(base32:)))
        let wrong = await browser.send(app, ["do": "add_app", "code": "12345"])
        #expect(wrong.status == 403 && wrong.hidden["secret"] == app.hidden["secret"] && !wrong.setsSession)
        let code = TimeBasedCode.code(step: newYear2026 / 30, secret: secret)
        let done = await browser.send(wrong, ["do": "add_app", "code": code])
        #expect(done.status == 200 && done.setsSession && done.facts.event == "factor_added")
        #expect(done.text.matches(of: /<li><code>/).count == 10)
        #expect(done.text.contains("href=\"/oauth2/authorize?interaction=\(id)\""))
        #expect(try await factors.session(browser)?.authentication.acr == "mfa")
        #expect(try await factors.there.totp != nil)
        // From now on it is asked for, and the code that was typed does not count again.
        let other = factors.harness.browser()
        let next = try await factors.afterPassword(other)
        #expect(await other.send(next, ["code": code]).status == 403)
        let later = newYear2026 + 60
        let again = TimeBasedCode.code(step: later / 30, secret: secret)
        #expect(await other.send(next, ["code": again], now: later).status == 303)
    }

    @Test("a passkey is set up in the course of a log-in, too")
    func requiredPasskey() async throws {
        let factors = try await Factors(.required)
        let browser = factors.harness.browser()
        let page = try await factors.afterPassword(browser)
        let authenticator = try SoftwareAuthenticator(origin: AuthorizationHarness.issuer)
        let done = await browser.send(
            page, ["passkey": authenticator.registration(challenge: page.challenge), "label": "My <key>"])
        #expect(done.status == 200 && done.setsSession)
        #expect(try await factors.session(browser)?.authentication.acr == "phr")
        #expect(try await factors.there.passkeys.first?.label == "My <key>")
    }

    @Test("switched off, nobody is asked")
    func off() async throws {
        let factors = try await Factors(.off)
        try await factors.addApp()
        let browser = factors.harness.browser()
        let shown = try await factors.harness.logIn(browser)
        #expect(shown.setsSession)
        #expect(await browser.get(Factors.listPath).status == 404)
    }

    @Test("who is logged in by password needs only the second factor for a request that asks for it")
    func stepUp() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        try await factors.addApp()
        let later = newYear2026 + 3_600
        let id = try await factors.harness.interaction(
            for: browser, request: ["acr_values": ["mfa"]], now: later)
        let sent = await browser.get("/oauth2/login", "interaction=\(id)", now: later)
        #expect(sent.status == 303 && sent.location == Factors.factorPath + "?interaction=\(id)")
        let page = await browser.follow(sent, now: later)
        let done = await browser.send(page, ["code": factors.code(later)], now: later)
        #expect(done.status == 303 && done.setsSession)
        // The password is as old as it was.
        #expect(
            try await factors.session(browser)?.authentication
                == UserAuthentication(time: newYear2026, acr: "mfa", methods: ["pwd", "otp", "mfa"]))
    }

    @Test(
        "the password is asked for where a second factor alone would not do",
        arguments: [
            ["acr_values": ["phr"]], ["acr_values": ["mfa"], "prompt": "login"],
            ["acr_values": ["mfa"], "max_age": 60],
            ["acr_values": ["mfa"], "hinted_user": "user-x"], ["acr_values": ["urn:example:gold"]], [:],
        ] as [JSONObject])
    func noStepUp(_ request: JSONObject) async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        try await factors.addApp()
        let later = newYear2026 + 3_600
        let id = try await factors.harness.interaction(for: browser, request: request, now: later)
        let page = await browser.get("/oauth2/login", "interaction=\(id)", now: later)
        #expect(page.status == 200 && page.text.contains("name=\"password\""))
    }
}
