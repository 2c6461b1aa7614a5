import HTTP
import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting

/// A client that calls a service learns nothing of others' tokens for that service, and carries none of them on, unless it
/// is that service.
@Suite("Attack: who may only ask for tokens for a resource reads and exchanges those of others")
struct ServedResourceTests {
    private static let here = AuthorizationHarness.audience
    private static let there = AuthorizationHarness.otherAudience

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var resources: [String]?
        var served: [String]?
        /// Of another client's token for `here`.
        let mayIntrospect: Bool
        let mayExchange: Bool
        /// Into one for `there`; of a token that may be exchanged.
        let mayCarryOn: Bool
        /// By client_credentials.
        let mayAskForHere: Bool
        let mayAskForThere: Bool
    }

    static let cases = [
        Case(
            testDescription: "one list, as before there were two", resources: [here, there], mayIntrospect: true,
            mayExchange: true, mayCarryOn: true, mayAskForHere: true, mayAskForThere: true),
        Case(
            testDescription: "no list, as before there were two", mayIntrospect: false, mayExchange: false,
            mayCarryOn: false, mayAskForHere: true, mayAskForThere: true),
        Case(
            testDescription: "asks for here, serves nothing", resources: [here], served: [], mayIntrospect: false,
            mayExchange: false, mayCarryOn: false, mayAskForHere: true, mayAskForThere: false),
        Case(
            testDescription: "serves here, calls there", resources: [there], served: [here], mayIntrospect: true,
            mayExchange: true, mayCarryOn: true, mayAskForHere: false, mayAskForThere: true),
        Case(
            testDescription: "serves here, may ask for nothing", resources: [], served: [here], mayIntrospect: true,
            mayExchange: true, mayCarryOn: false, mayAskForHere: false, mayAskForThere: false),
        Case(
            testDescription: "serves here, may ask for all", served: [here], mayIntrospect: true, mayExchange: true,
            mayCarryOn: false, mayAskForHere: true, mayAskForThere: true),
        Case(
            testDescription: "serves there, asks for here", resources: [here], served: [there], mayIntrospect: false,
            mayExchange: false, mayCarryOn: false, mayAskForHere: true, mayAskForThere: false),
    ]

    @Test(
        "AS-070 AS-095 what a client may ask for says nothing of whose tokens it may read or exchange, and the reverse",
        arguments: cases)
    func lists(_ known: Case) async throws {
        let harness = try AuthorizationHarness()
        try await harness.register("service", grants: [.clientCredentials, .tokenExchange]) {
            $0.resources = known.resources
            $0.servedResources = known.served
        }
        let token = try harness.accessToken(client: "front")
        let service = ("service", "s3cret")
        #expect(await harness.introspect(token, as: service).body["active"] == .bool(known.mayIntrospect))
        func exchange(_ more: String) async -> Int {
            await harness.send(
                "/oauth2/token",
                "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token=\(token)&subject_token_type=\(TokenExchangeTests.accessToken)"
                    + more, as: service
            ).status
        }
        #expect(await exchange("") == (known.mayExchange ? 200 : 400))
        #expect(await exchange("&resource=\(Self.there)") == (known.mayExchange && known.mayCarryOn ? 200 : 400))
        func ask(_ resource: String) async -> Int {
            await harness.send("/oauth2/token", "grant_type=client_credentials&resource=\(resource)", as: service)
                .status
        }
        #expect(await ask(Self.here) == (known.mayAskForHere ? 200 : 400))
        #expect(await ask(Self.there) == (known.mayAskForThere ? 200 : 400))
    }

    @Test("a record keeps both lists, an empty one too; one of before has but the first, and it says both")
    func record() throws {
        var client = RegisteredClient(
            id: "service", name: "", grants: [], authenticationMethods: [], scopes: [], secrets: [], createdAt: 1)
        client.resources = [Self.here]
        for (served, audiences) in [(nil, [Self.here]), ([], []), ([Self.there], [Self.there])]
            as [([String]?, [String])]
        {
            client.servedResources = served
            let read = try #require(RegisteredClient(client.record))
            #expect(read.servedResources == served && read.resources == [Self.here])
            #expect(read.audiencesServed == audiences)
        }
    }
}
