import HTTP
import JSON
import Testing

@testable import AuthorizationTesting

@Suite("Attack: finding out by introspection which stolen or guessed tokens are good")
struct IntrospectionOracleTests {
    @Test("AS-070 a live token of others and nonsense get the very same answer")
    func same() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register("mallory") { _ in }
        let stolen = await harness.introspect(try harness.accessToken(), as: ("mallory", "s3cret"))
        let nonsense = await harness.introspect("nonsense", as: ("mallory", "s3cret"))
        #expect(stolen.octets == nonsense.octets)
        #expect(stolen.status == nonsense.status)
        #expect(stolen.fields == nonsense.fields)
        // Records know which token it was; nobody is told.
        var facts = stolen.facts
        facts.token = nonsense.facts.token
        #expect(facts == nonsense.facts)
    }

    @Test("AS-067 whoever guesses secrets here meets the same limit as at the token endpoint")
    func limited() async throws {
        let harness = try AuthorizationHarness()
        try await harness.register()
        for _ in 0..<10 { #expect(await harness.introspect("x", as: ("shop", "wrong")).status == 401) }
        #expect(await harness.token(secret: "wrong").status == 429)
        // Who has the right one is no guesser.
        #expect(await harness.introspect("x").status == 200)
    }
}
