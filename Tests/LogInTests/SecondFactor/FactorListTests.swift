import HTTP
import JSON
import Policy
import Testing

@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("The page about second factors")
struct FactorListTests {
    @Test("nobody sees it who has not logged in a moment ago, and with the second factor where there is one")
    func access() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        #expect(await browser.get(Factors.listPath).location?.hasPrefix("/oauth2/login?interaction=") == true)
        _ = try await factors.harness.logIn(browser)
        #expect(await browser.get(Factors.listPath).status == 200)
        #expect(await browser.get(Factors.listPath, now: newYear2026 + 601).status == 303)
        try await factors.addApp()
        // Only the code is missing.
        let begun = await browser.get(Factors.listPath)
        let stepped = await browser.follow(begun)
        #expect(stepped.location?.hasPrefix(Factors.factorPath) == true)
        let done = await browser.send(await browser.follow(stepped), ["code": factors.code()])
        #expect(done.location == Factors.listPath)
        #expect(await browser.follow(done).text.contains("Authenticator app"))
    }

    @Test("an app is set up, with recovery codes, and this browser stays logged in")
    func app() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        let list = await browser.get(Factors.listPath)
        #expect(list.text.contains("Your password is the only thing"))
        let form = await browser.get(Factors.listPath, "set_up=totp")
        let text = try #require(form.hidden["secret"])
        #expect(form.text.contains("otpauth://totp/"))
        let secret = try #require(TimeBasedCode.octets(base32: text))
        let done = await browser.send(
            form, ["do": "add_app", "code": TimeBasedCode.code(step: newYear2026 / 30, secret: secret)])
        #expect(done.status == 200 && done.facts.event == "factor_added")
        let codes = done.text.matches(of: /<li><code>([a-z2-9-]{19})<\/code>/).map { String($0.1) }
        #expect(codes.count == 10)
        #expect(try await factors.session(browser)?.authentication.acr == "mfa")
        let after = await browser.get(Factors.listPath)
        #expect(after.status == 200 && after.text.contains("10 codes are left."))
        // Another set replaces it as a whole.
        let new = await browser.send(after, ["do": "new_codes"])
        #expect(new.status == 200 && new.facts.event == "recovery_codes_made" && !new.text.contains(codes[0]))
        guard case .recoveryCodes(let digests)? = try await factors.there.recoveryCodes?.content else { return }
        #expect(!digests.contains(RecoveryCode.digest(of: RecoveryCode.normalised(codes[0]) ?? "")))
    }

    @Test("passkeys are added up to the bound, and the browser is told which there are")
    func passkeys() async throws {
        let factors = try await Factors()
        let browser = factors.harness.browser()
        _ = try await factors.harness.logIn(browser)
        for number in UInt8(1)...20 {
            let list = await browser.get(Factors.listPath)
            let authenticator = try SoftwareAuthenticator(
                origin: AuthorizationHarness.issuer, credentialID: [number])
            let sent = await browser.send(
                list, ["passkey": authenticator.registration(challenge: list.challenge), "label": "Key \(number)"])
            #expect(sent.status == (number == 1 ? 200 : 303), "\(number)")
        }
        #expect(try await factors.there.passkeys.count == 20)
        let full = await browser.get(Factors.listPath)
        #expect(!full.text.contains("data-passkey"))
        #expect(full.text.contains("Key 7") && full.text.contains("Passkey · added 2026-01-01"))
    }

    @Test("removing one logs out all other browsers, ends what is under way, and keeps this one")
    func removal() async throws {
        let factors = try await Factors()
        try await factors.addApp()
        _ = try await factors.addCodes()
        let (here, there, third) = (
            factors.harness.browser(), factors.harness.browser(), factors.harness.browser()
        )
        for (browser, now) in [(here, newYear2026), (there, newYear2026 + 60)] {
            let page = try await factors.afterPassword(browser, now: now)
            #expect(await browser.send(page, ["code": factors.code(now)], now: now).status == 303)
        }
        let underWay = try await factors.afterPassword(third)
        let list = await here.get(Factors.listPath)
        let key = try #require(list.hidden["factor"])
        let removed = await here.send(list, ["do": "remove", "factor": key])
        #expect(removed.status == 303 && removed.facts.event == "factor_removed")
        #expect(try await factors.there.all.isEmpty)
        #expect(try await factors.session(here) != nil)
        #expect(try await factors.session(there) == nil)
        #expect(await third.send(underWay, ["code": factors.code(newYear2026 + 120)]).status == 400)
        #expect(try await factors.user.epoch == 1)
        #expect(await here.get(Factors.listPath).status == 200)
    }

    @Test("the last one stays where everybody must have one, and where there is no password")
    func last() async throws {
        for mode in [SecondFactorSettings.Mode.required, .optional] {
            let factors = try await Factors(mode)
            var authenticator = try await factors.addPasskey()
            if mode == .optional {
                var user = try await factors.user
                user.passwordHash = nil
                #expect(try await factors.harness.store.commit([.replace(user.record)], now: newYear2026))
            }
            let browser = factors.harness.browser()
            let id = try await factors.harness.interaction(for: browser)
            let page = await browser.get("/oauth2/login", "interaction=\(id)")
            _ = await browser.send(page, ["passkey": try authenticator.assertion(challenge: page.challenge)])
            let list = await browser.get(Factors.listPath)
            let key = try #require(list.hidden["factor"])
            let refused = await browser.send(list, ["do": "remove", "factor": key])
            #expect(refused.status == 403 && refused.text.contains("This is the last one"))
            #expect(try await factors.there.passkeys.count == 1)
        }
    }
}
