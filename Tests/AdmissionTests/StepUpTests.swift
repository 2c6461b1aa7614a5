import JSON
import Policy
import Testing

@testable import Admission

@Suite("Step-up (RFC 9470)")
struct StepUpTests {
    let issuer = TestIssuer()

    /// The refusal of a token that was issued at 1000, at 1100 with a skew of 15 s; nil: it is let in.
    private func refused(
        acr: [String] = [], maxAge: Duration? = nil, scopes: [String] = [], claims: [String: JSON?]
    ) throws -> Refusal? {
        var require = Requirement(issuers: [0], scopes: scopes)
        require.acr = acr
        require.maxAge = maxAge
        let harness = AuthenticationHarness([issuer.entry()], keys: [try issuer.keys()], require: [require])
        let caller = try harness.caller(try issuer.token(claims: claims))
        do throws(Refusal) {
            _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer)
            return nil
        } catch { return error }
    }

    @Test(
        "RS-114 RS-116 acr is one of the route's; an absent one, or one of another type, is none",
        arguments: [
            ("mfa", true), ("phr", true), ("pwd", false), ("MFA", false), ("mfa phr", false), ("", false), (nil, false),
            (["mfa"], false), (.null, false), (1, false),
        ] as [(JSON?, Bool)])
    func acr(acr: JSON?, fits: Bool) throws {
        let refusal = try refused(acr: ["mfa", "phr"], claims: ["acr": acr])
        #expect(refusal?.code == (fits ? nil : .insufficientUserAuthentication))
    }

    @Test(
        "RS-114 RS-116 RS-118 auth_time is compared with max_age, both with the issuer's skew; an absent one is too old",
        arguments: [
            (1100, true), (1040, true), (1025, true), (1024, false), (0, false), (-5, false), (1115, true),
            (1116, false),
            (1025.5, true), (1024.9, false), (nil, false), ("1090", false), (.null, false), ([1090], false),
            (1e300, false),
        ] as [(JSON?, Bool)])
    func maxAge(time: JSON?, fits: Bool) throws {
        let refusal = try refused(maxAge: .seconds(60), claims: ["auth_time": time])
        #expect(refusal?.code == (fits ? nil : .insufficientUserAuthentication))
    }

    @Test("RS-118 a token that was refreshed is as old as its auth_time, whatever its iat says")
    func refreshed() throws {
        let refusal = try refused(maxAge: .seconds(60), claims: ["iat": 1099, "auth_time": 900])
        #expect(refusal?.code == .insufficientUserAuthentication)
    }

    @Test("both must hold, and the challenge asks for both whichever fails")
    func both() throws {
        let good: [String: JSON?] = ["acr": "mfa", "auth_time": 1090]
        #expect(try refused(acr: ["mfa"], maxAge: .seconds(60), claims: good) == nil)
        for bad: [String: JSON?] in [["acr": "pwd", "auth_time": 1090], ["acr": "mfa", "auth_time": 900]] {
            let refusal = try #require(try refused(acr: ["mfa", "phr"], maxAge: .seconds(60), claims: bad))
            var out: [UInt8] = []
            refusal.appendChallenge(to: &out)
            #expect(out.text.hasSuffix(#", acr_values="mfa phr", max_age="60""#), "\(out.text)")
        }
    }

    @Test("RS-114 the challenge names what is needed, each parameter once")
    func challenge() throws {
        let refusal = try #require(
            try refused(acr: ["urn:example:mfa"], scopes: ["orders:read"], claims: ["acr": "pwd"]))
        var out: [UInt8] = []
        refusal.appendChallenge(to: &out)
        #expect(refusal.code.facts.status == 401)
        #expect(
            out.text
                == #"Bearer realm="portcullis", error="insufficient_user_authentication", error_description="The authentication behind the access token is too weak or too long ago for this resource.", scope="orders:read", acr_values="urn:example:mfa""#
        )
        var age: [UInt8] = []
        try #require(try refused(maxAge: .seconds(300), claims: [:])).appendChallenge(to: &age)
        #expect(age.text.hasSuffix(#"resource.", max_age="300""#))
    }

    @Test("RS-115 a missing scope stays 403, and does not say that the authentication would not do either")
    func scopeFirst() throws {
        let refusal = try #require(try refused(acr: ["mfa"], maxAge: .seconds(60), scopes: ["admin"], claims: [:]))
        #expect(refusal.code == .insufficientScope)
        var out: [UInt8] = []
        refusal.appendChallenge(to: &out)
        #expect(!out.text.contains("acr_values") && !out.text.contains("max_age"))
    }

    @Test("it is judged on every request, also for a token that is remembered")
    func remembered() throws {
        var require = Requirement(issuers: [0])
        require.maxAge = .seconds(60)
        let harness = AuthenticationHarness([issuer.entry()], keys: [try issuer.keys()], require: [require])
        let token = try issuer.token(claims: ["auth_time": 1090])
        for (now, fits) in [(1_100 as Int64, true), (1_165, true), (1_166, false)] {
            guard case .authenticated(let caller) = try harness.judge(token, at: now) else {
                Issue.record("not authenticated at \(now)")
                continue
            }
            let word = refusal { () throws(Refusal) in
                _ = try Authorizer.authorize(caller, rules: harness.rules[0], peer: anyPeer)
            }
            #expect(word == (fits ? nil : "insufficient_user_authentication"), "\(now)")
        }
        #expect(harness.authenticator.cachedTokens == 1)
    }

    @Test("it does not count for the limit on bad tokens: the token is good")
    func limited() throws {
        let limiter = AddressLimiter(perMinuteMax: 1, seed: (1, 2))
        var require = Requirement(issuers: [0])
        require.acr = ["mfa"]
        let harness = AuthenticationHarness(
            [issuer.entry()], keys: [try issuer.keys()], require: [require], cacheEntriesMax: 0, limiter: limiter)
        for _ in 0..<5 { #expect(try harness.outcome(try issuer.token()) == "ok") }
    }
}
