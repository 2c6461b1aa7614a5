import HTTP
import JOSE
import JSON
import Octets
import Proof
import Testing

@testable import Administration
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attacks on log-in at an OpenID provider")
struct ProviderAttackTests {
    private let harness: ProviderHarness

    init() async throws { harness = try await ProviderHarness() }

    /// Nobody is logged in, and the record says why.
    private func expectRefusal(
        _ answer: Shown, _ fault: ProviderFault, in browser: Browser? = nil, status: Int = 400,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(answer.status == status, sourceLocation: sourceLocation)
        #expect(answer.facts.error == fault.rawValue, sourceLocation: sourceLocation)
        #expect(answer.facts.event == "login_failed", sourceLocation: sourceLocation)
        #expect(answer.facts.subject == nil, sourceLocation: sourceLocation)
        #expect(answer.location == nil && answer.refresh == nil, sourceLocation: sourceLocation)
        #expect(!harness.isLoggedIn(browser), sourceLocation: sourceLocation)
    }

    // MARK: The way back

    @Test(
        "Attack: log-in forgery. An answer for another browser does nothing here, and leaves that browser's log-in alone"
    )
    func stateOfAnotherBrowser() async throws {
        let victim = harness.users.browser()
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure))
        expectRefusal(await harness.comeBack(departure, victim), .unknownState, in: victim)
        #expect(harness.provider.codes.isEmpty)
        #expect(await harness.comeBack(departure).facts.event == "login")
    }

    @Test("Attack: an answer that is sent twice. A state counts once, whatever became of it")
    func usedTwice() async throws {
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure))
        #expect(await harness.comeBack(departure).facts.event == "login")
        #expect(await harness.comeBack(departure).facts.error == "unknown_state")
        #expect(harness.provider.codes.count == 1)
        let failed = try await harness.leave(harness.users.browser())
        _ = await harness.comeBack(failed, nil, ["error": "server_error", "code": nil])
        #expect(await harness.comeBack(failed).facts.error == "unknown_state")
    }

    @Test(
        "Attack: filling the store. Log-ins at the provider that nobody finishes stay within the share of their address"
    )
    func filling() async throws {
        let other = harness.users.browser(address: "198.51.100.7")
        let theirs = try await harness.leave(other)
        var last = theirs
        for _ in 0..<(PendingRequests.perAddress + 20) { last = try await harness.leave() }
        #expect(harness.users.store.count(.providerLogIn) == PendingRequests.perAddress + 1)
        harness.answer(try harness.idToken(theirs))
        #expect(await harness.comeBack(theirs, other).facts.event == "login")
        harness.answer(try harness.idToken(last))
        #expect(await harness.comeBack(last).facts.event == "login")
    }

    @Test(
        "Attack: an answer that nobody asked for, or that comes too late",
        arguments: ["", "x", String(repeating: "A", count: 43)])
    func unknownState(state: String) async throws {
        let departure = try await harness.leave()
        expectRefusal(await harness.comeBack(departure, nil, ["state": state]), .unknownState)
        expectRefusal(await harness.comeBack(departure, nil, ["state": nil]), .unknownState)
        expectRefusal(await harness.comeBack(departure, now: newYear2026 + 1_800), .unknownState)
        #expect(harness.provider.codes.isEmpty)
    }

    @Test(
        "Attack: code injection. A code of somebody else's log-in is redeemed with this browser's verifier, and its ID token has another nonce"
    )
    func codeInjection() async throws {
        let victims = harness.users.browser()
        let stolen = try await harness.leave(victims)
        let own = try await harness.leave()
        // A provider that checks PKCE would have refused; one that does not gives the victim's ID token.
        harness.answer(try harness.idToken(stolen))
        expectRefusal(await harness.comeBack(own, nil, ["code": "stolen"]), .wrongNonce)
        let redeemed = try #require(harness.provider.codes.first)
        #expect(ProofKey.challenge(of: redeemed.verifier) == own["code_challenge"])
        #expect(ProofKey.challenge(of: redeemed.verifier) != stolen["code_challenge"])
    }

    @Test(
        "Attack: mix-up. An answer of another issuer than the one that was asked, or of one that does not say so",
        arguments: ["https://evil.example", "https://id.example/", "", nil])
    func mixUp(issuer: String?) async throws {
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure))
        expectRefusal(await harness.comeBack(departure, nil, ["iss": issuer]), .wrongIssuer)
        #expect(harness.provider.codes.isEmpty)
    }

    @Test("Attack: mix-up. Where the provider does not promise to say who answers, what it says still counts")
    func mixUpWithoutPromise() async throws {
        harness.provider.set { $0.facts?.sendsIssuer = false }
        let departure = try await harness.leave()
        expectRefusal(await harness.comeBack(departure, nil, ["iss": "https://evil.example"]), .wrongIssuer)
        let next = try await harness.leave()
        harness.answer(try harness.idToken(next))
        #expect(await harness.comeBack(next, nil, ["iss": nil]).facts.event == "login")
    }

    @Test("Attack: mix-up over a change of settings. An answer counts only for the issuer that was asked")
    func issuerChanged() async throws {
        let departure = try await harness.leave()
        harness.provider.set { $0.facts?.issuer = "https://other.example" }
        expectRefusal(await harness.comeBack(departure, nil, ["iss": "https://other.example"]), .unknownState)
    }

    @Test(
        "Attack: parameters twice, so that two readers read two values",
        arguments: ["state=a&state=b", "code=a&code=b", "iss=a&iss=b"])
    func repeatedParameters(query: String) async throws {
        let departure = try await harness.leave()
        let answer = await harness.browser.get("/oauth2/login/callback", "\(query)&state=\(departure["state"])")
        #expect(answer.status == 400)
        #expect(!harness.isLoggedIn())
    }

    @Test("Attack: open redirect. Nothing in the answer of the provider leads anywhere else")
    func openRedirect() async throws {
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure))
        let answer = await harness.comeBack(
            departure, nil,
            [
                "redirect_uri": "https://evil.example", "return_to": "//evil.example",
                "interaction": "https://evil.example", "next": "https://evil.example",
            ])
        #expect(answer.location == nil)
        #expect(answer.refresh == "/oauth2/authorize?interaction=\(departure.interaction)")
        #expect(!answer.text.contains("evil.example"))
    }

    @Test(
        "Attack: words of an error reach no page and no address",
        arguments: ["server_error", "<script>alert(1)</script>", "access_denied"])
    func providerError(word: String) async throws {
        let departure = try await harness.leave()
        let answer = await harness.comeBack(
            departure, nil,
            [
                "error": word, "error_description": "call 555-0100 <b>now</b>", "error_uri": "https://evil.example",
                "code": nil,
            ])
        #expect(answer.facts.error == "provider_refused")
        #expect(
            !answer.text.contains("555-0100") && !answer.text.contains("evil.example")
                && !answer.text.contains("alert(1)"))
        #expect(harness.provider.codes.isEmpty)
        #expect(!harness.isLoggedIn())
    }

    @Test("an error wins over a code that stands beside it")
    func errorAndCode() async throws {
        let departure = try await harness.leave()
        expectRefusal(await harness.comeBack(departure, nil, ["error": "invalid_scope"]), .refused)
        #expect(harness.provider.codes.isEmpty)
    }

    @Test(
        "Attack: log-in forgery. A form of another site sends nobody to the provider",
        arguments: [[("sec-fetch-site", "cross-site")], [("origin", "https://evil.example")], []])
    func formForgery(fields: [(String, String)]) async throws {
        let harness = try await ProviderHarness(passwords: true)
        let id = try await harness.users.interaction(for: harness.browser)
        let form = await harness.browser.get("/oauth2/login", "interaction=\(id)")
        let answer = await harness.browser.send(
            form, ["provider": "go"].merging(fields.isEmpty ? ["form_token": "x"] : [:]) { $1 },
            fields: fields.map { (name: $0.0, value: $0.1) })
        #expect(answer.status == 400)
        #expect(answer.refresh == nil)
    }

    // MARK: The ID token

    @Test(
        "Attack: an ID token that was not made for this log-in",
        arguments: [
            (["aud": "somebody-else"], .wrongAudience), (["aud": ["K-portcullis", "somebody-else"]], .wrongAudience),
            (["aud": []], .wrongAudience),
            (["aud": .null], .wrongAudience), (["aud": ["somebody-else"], "azp": "K-portcullis"], .wrongAudience),
            (["azp": "somebody-else"], .wrongAudience), (["aud": "\u{212A}-portcullis"], .wrongAudience),
            (["aud": ["K-portcullis", "x"], "azp": "somebody-else"], .wrongAudience),
            (["nonce": "another"], .wrongNonce), (["nonce": .null], .wrongNonce), (["nonce": ""], .wrongNonce),
            (["iss": "https://evil.example"], .wrongTokenIssuer), (["iss": "https://id.example/"], .wrongTokenIssuer),
            (["iss": .null], .wrongTokenIssuer),
            (["exp": .integer(newYear2026 - 60)], .untimely), (["exp": .null], .untimely),
            (["exp": "later"], .untimely),
            (["iat": .integer(newYear2026 + 61)], .untimely), (["iat": .integer(newYear2026 - 61)], .untimely),
            (["iat": .null], .untimely),
            (["nbf": .integer(newYear2026 + 61)], .untimely),
            (["at_hash": "AAAAAAAAAAAAAAAAAAAAAA"], .wrongAccessToken),
            (["sub": .null], .malformedToken), (["sub": ""], .malformedToken), (["sub": 17], .malformedToken),
            (["sub": .string(String(repeating: "s", count: 256))], .malformedToken),
        ] as [(JSONObject, ProviderFault)])
    func wrongToken(changes: JSONObject, fault: ProviderFault) async throws {
        expectRefusal(try await harness.logIn(changes).answer, fault)
        #expect(try await harness.accounts().isEmpty)
    }

    @Test(
        "what is good stays good: one audience as a list, several with azp, the hash of the access token",
        arguments: [
            ["aud": ["K-portcullis"]], ["aud": ["K-portcullis", "x"], "azp": "K-portcullis"], ["azp": "K-portcullis"],
            ["exp": .integer(newYear2026 - 59)],
            ["iat": .number(Double(newYear2026) + 0.5)],
        ] as [JSONObject])
    func goodToken(changes: JSONObject) async throws {
        #expect(try await harness.logIn(changes).answer.facts.event == "login")
        let hash = try #require(Algorithm.es256.leftHalfHash(of: Array(ProviderHarness.accessToken.utf8)))
        #expect(
            try await harness.logIn(["at_hash": .string(Base64URL.encode(hash))], browser: harness.users.browser())
                .answer
                .facts.event == "login")
    }

    @Test("Attack: an access token that was put beside the ID token, or none where the ID token speaks of one")
    func otherAccessToken() async throws {
        let hash = try #require(Algorithm.es256.leftHalfHash(of: Array(ProviderHarness.accessToken.utf8)))
        for other in ["another-access-token", nil] {
            let departure = try await harness.leave()
            harness.answer(
                try harness.idToken(departure, ["at_hash": .string(Base64URL.encode(hash))]), accessToken: other)
            expectRefusal(await harness.comeBack(departure), .wrongAccessToken)
        }
    }

    @Test(
        "Attack: alg none. An ID token without a signature, whatever it calls that",
        arguments: ["none", "None", "NONE", "HS256"])
    func algNone(name: String) async throws {
        let departure = try await harness.leave()
        let parts = try harness.idToken(departure).split(separator: ".")
        let header = Base64URL.encode(Array("{\"alg\":\"\(name)\",\"typ\":\"JWT\"}".utf8))
        for signature in ["", String(parts[2])] {
            let next = try await harness.leave()
            let claims = try harness.idToken(next).split(separator: ".")[1]
            harness.answer("\(header).\(claims).\(signature)")
            expectRefusal(await harness.comeBack(next), .badSignature)
        }
    }

    @Test("Attack: an ID token by a key that is not the provider's, also under the name of one that is")
    func wrongKey() async throws {
        let thief = try SigningKey.generate(.es256)
        for header in [
            ["typ": "JWT"], ["typ": "JWT", "kid": .string(harness.provider.key.kid)],
            ["typ": "JWT", "jwk": thief.publicJWK],
        ] as [JSONObject] {
            let departure = try await harness.leave()
            harness.answer(try harness.idToken(departure, header: header, key: thief))
            expectRefusal(await harness.comeBack(departure), .badSignature)
        }
    }

    @Test("Attack: an ID token by an algorithm that the operator has not named, though the key is the provider's")
    func wrongAlgorithm() async throws {
        let other = try SigningKey.generate(.edDSA)
        let keys = JWKSet([harness.provider.key.verificationKey, other.verificationKey])
        harness.provider.set { $0.keys = keys }
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure, key: other))
        expectRefusal(await harness.comeBack(departure), .badSignature)
    }

    @Test(
        "Attack: another JWT of the provider's in place of an ID token",
        arguments: ["at+jwt", "logout+jwt", "application/at+jwt", "dpop+jwt"])
    func otherKindOfToken(type: String) async throws {
        let departure = try await harness.leave()
        harness.answer(try harness.idToken(departure, header: ["typ": .string(type)]))
        expectRefusal(await harness.comeBack(departure), .malformedToken)
    }

    @Test("an answer of the token endpoint that is none gets nobody in")
    func badAnswers() async throws {
        let good = try harness.idToken(try await harness.leave())
        let answers: [(OutgoingAnswer, ProviderFault)] = [
            (.json(400, ["error": "invalid_grant"]), .codeRefused),
            (.json(401, ["error": "invalid_client"]), .codeRefused),
            (.json(302, [:]), .badAnswer), (.json(201, ["id_token": .string(good)]), .badAnswer),
            (.json(200, [:]), .badAnswer),
            (.json(200, ["id_token": 17]), .badAnswer), (.json(200, ["id_token": ""]), .malformedToken),
            (.json(200, ["id_token": "a.b"]), .malformedToken),
            (
                OutgoingAnswer(
                    status: 200, contentType: "text/html", body: JSON.object(["id_token": .string(good)]).serialized()),
                .badAnswer
            ),
            (OutgoingAnswer(status: 200, contentType: "application/json", body: Array("{".utf8)), .badAnswer),
        ]
        for (reply, fault) in answers {
            let departure = try await harness.leave()
            harness.provider.set { $0.reply = reply }
            expectRefusal(await harness.comeBack(departure), fault)
        }
    }

    // MARK: The account

    @Test(
        "Attack: an account is taken over by its address or name. Somebody at the provider who has the same gets another account"
    )
    func twin() async throws {
        var alice = harness.users.user
        alice.email = "alice@example.com"
        #expect(try await harness.users.store.commit([.replace(alice.record)], now: newYear2026))
        let (_, answer) = try await harness.logIn([
            "sub": .string(alice.id), "email": "alice@example.com", "preferred_username": "alice", "name": "Alice A.",
        ])
        #expect(answer.facts.event == "login")
        #expect(answer.facts.subject != alice.id)
        #expect(try await harness.users.store.user(name: "alice")?.id == alice.id)
        #expect(try await harness.accounts().map(\.name) == ["staff+alice"])
        // The same of two users at the provider.
        let other = try await harness.logIn(
            ["sub": "u-2", "email": "alice@example.com", "preferred_username": "alice"],
            browser: harness.users.browser()
        )
        #expect(other.answer.facts.subject != answer.facts.subject)
    }

    @Test("Attack: the same sub at another issuer is another user")
    func sameSubjectElsewhere() async throws {
        try await harness.logIn()
        let first = try #require(try await harness.accounts().first)
        harness.provider.set { $0.facts?.issuer = "https://other.example" }
        let browser = harness.users.browser()
        let departure = try await harness.leave(browser)
        harness.answer(try harness.idToken(departure, ["iss": "https://other.example"]))
        let answer = await harness.comeBack(departure, browser, ["iss": "https://other.example"])
        #expect(answer.facts.event == "login")
        #expect(answer.facts.subject != first.id)
        #expect(UserIdentity(issuer: "a", subject: "b c").key != UserIdentity(issuer: "a b", subject: "c").key)
    }

    @Test("Attack: a disabled user logs in at the provider. They are refused, and so is their old session")
    func disabled() async throws {
        try await harness.logIn()
        let user = try #require(try await harness.accounts().first)
        try await harness.users.change(user, .init(isDisabled: true))
        let other = harness.users.browser()
        let (_, answer) = try await harness.logIn(["name": "Renamed"], browser: other)
        expectRefusal(answer, .disabled, in: other, status: 403)
        #expect(try await harness.accounts().first?.displayName == "Ada L.")
    }

    @Test("Attack: session fixation. A session secret that was there before is not taken over, and ends")
    func fixation() async throws {
        let planted = RandomText.session.make(harness.users.random)
        harness.browser[SessionReader.cookieName] = planted
        try await harness.logIn()
        #expect(harness.isLoggedIn())
        #expect(harness.browser[SessionReader.cookieName] != planted)
    }
}
