import HTTP
import JSON
import Policy
import Synchronization
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationServer
@testable import AuthorizationTesting
@testable import LogIn

private let address = "https://app.example.com/oauth/client.json"

/// What a client publishes, and how often it was fetched.
private final class Publisher: ClientDocumentSource {
    private let state: Mutex<(document: ClientDocument, fetches: Int)>
    init(_ document: ClientDocument) { state = Mutex((document, 0)) }

    var fetches: Int { state.withLock { $0.fetches } }
    func publish(_ document: ClientDocument) { state.withLock { $0.document = document } }

    func document(at url: AbsoluteURL) async -> ClientDocument {
        state.withLock { state in
            state.fetches += 1
            return state.document
        }
    }

    static func members(_ changed: [String: JSON] = [:]) -> ClientDocument {
        var members: [String: JSON] = [
            "client_id": .string(address), "client_name": "App",
            "redirect_uris": ["http://localhost/callback", "https://app.example.com/done"],
            "grant_types": ["authorization_code", "refresh_token"], "scope": "notes",
        ]
        for (name, value) in changed { members[name] = value }
        return .found(JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
    }
}

@Suite("Clients whose id is the address of their metadata (draft-ietf-oauth-client-id-metadata-document)")
struct ClientDocumentTests {
    private let publisher: Publisher
    let harness: AuthorizationHarness

    init() throws {
        publisher = Publisher(Publisher.members())
        harness = try Self.harness(publisher)
    }

    private static func harness(
        _ publisher: Publisher, _ change: (inout RegistrationSettings.Open) -> Void = { _ in }
    ) throws -> AuthorizationHarness {
        var open = RegistrationSettings.Open()
        change(&open)
        return try AuthorizationHarness(documents: publisher) {
            $0.registration = RegistrationSettings(initialAccessToken: nil, scopes: ["notes"])
            $0.registration?.open = open
        }
    }

    private func authorize(
        _ changes: [(String, String?)] = [], _ other: AuthorizationHarness? = nil, from client: String = "192.0.2.1",
        destination: String? = nil, now: Int64 = newYear2026
    ) async -> Answer {
        let query = CodeFlowHarness.query(
            [("client_id", address), ("scope", "notes"), ("redirect_uri", "http://localhost:49152/callback")] + changes)
        let request = ServiceRequest(
            method: "GET", path: "/oauth2/authorize", query: query, host: "login.example.com",
            fields: destination.map { [("sec-fetch-dest", $0)] } ?? [], clientAddress: client)
        return await Answer((other ?? harness).server.answer(request, now: now, random: .system))
    }

    @Test("nobody has registered it: its metadata is fetched, once an hour, and the user is asked to log in")
    func fetched() async throws {
        #expect(
            await harness.get("/.well-known/oauth-authorization-server").body["client_id_metadata_document_supported"]
                == true)
        for _ in 0..<3 {
            let answer = await authorize()
            #expect(answer.status == 303 && answer.field("location")?.hasPrefix("/oauth2/login?") == true)
        }
        #expect(publisher.fetches == 1)
        let client = try #require(try await harness.store.client(id: address))
        #expect(client.isPublic && client.scopes == ["notes"] && client.openUntil == newYear2026 + 86_400)
        #expect(await authorize(now: newYear2026 + 3_600).status == 303)
        #expect(publisher.fetches == 2)
    }

    @Test("what it publishes now counts: a redirect URI that it has withdrawn leads nowhere, one that it adds does")
    func changed() async throws {
        #expect(await authorize().status == 303)
        publisher.publish(Publisher.members(["redirect_uris": ["https://app.example.com/new"]]))
        #expect(await authorize(now: newYear2026 + 3_600).status == 400)
        #expect(
            await authorize([("redirect_uri", "https://app.example.com/new")], now: newYear2026 + 3_601).status == 303)
        #expect(publisher.fetches == 2)
    }

    @Test(
        "while it cannot be fetched, what was read counts for a day; without any the request fails, and says that it may be repeated"
    )
    func unavailable() async throws {
        publisher.publish(.unavailable)
        let first = await authorize()
        #expect(first.status == 503 && first.isPage)
        publisher.publish(Publisher.members())
        // Not asked again so soon.
        #expect(await authorize(now: newYear2026 + 59).status == 503)
        let read = newYear2026 + 60
        #expect(await authorize(now: read).status == 303)
        publisher.publish(.unavailable)
        #expect(await authorize(now: read + 86_399).status == 303)
        #expect(await authorize(now: read + 86_400).status == 503)
        #expect(await token(now: read + 86_400).status == 503)
    }

    @Test(
        "metadata that is not this client's, or that two would have to know, is refused on a page",
        arguments: [
            .absent, Publisher.members(["client_id": "https://app.example.com/oauth/other.json"]),
            Publisher.members(["client_id": "https://APP.example.com/oauth/client.json"]),
            Publisher.members(["client_secret": "s"]),
            Publisher.members(["token_endpoint_auth_method": "client_secret_post"]),
            Publisher.members(["token_endpoint_auth_method": "client_secret_basic"]),
            Publisher.members(["grant_types": ["client_credentials"], "response_types": []]),
            Publisher.members(["redirect_uris": ["javascript:alert(1)"]]),
            Publisher.members(["jwks_uri": "https://10.0.0.1/keys", "token_endpoint_auth_method": "private_key_jwt"]),
        ] as [ClientDocument])
    func refused(_ document: ClientDocument) async throws {
        publisher.publish(document)
        let answer = await authorize()
        #expect(answer.status == 400 && answer.isPage)
        #expect(answer.facts.event == "client_document_refused")
        #expect(try await harness.store.clients().values.isEmpty)
    }

    @Test(
        "what is no such address is an unknown client, and nothing is fetched",
        arguments: [
            "http://app.example.com/client.json", "https://app.example.com", "https://app.example.com/",
            "https://app.example.com/?x=1", "https://app.example.com/a/../client.json",
            "https://app.example.com/./client.json",
            "https://app.example.com/%2e%2e/client.json", "https://user@app.example.com/client.json",
            "https://app.example.com/client.json#f", "https://app.example.com/" + String(repeating: "a", count: 500),
            "urn:example:client", "https://2130706433/c.json", "https://0x7f000001/c.json", "https://127.1/c.json",
            "https://0177.0.0.1/c.json", "https:/app.example.com/x",
        ])
    func noAddress(_ id: String) async throws {
        #expect(await authorize([("client_id", id)]).status == 400)
        #expect(publisher.fetches == 0)
    }

    @Test("where the policy does not say so, nothing is fetched, and metadata does not offer it")
    func off() async throws {
        let harness = try Self.harness(publisher) { $0.documents = false }
        #expect(await authorize([], harness).status == 400)
        #expect(
            await harness.get("/.well-known/oauth-authorization-server").body["client_id_metadata_document_supported"]
                == nil)
        #expect(publisher.fetches == 0)
    }

    @Test("Attack: making the server fetch. From one address fifty others at once, then one a minute")
    func braked() async throws {
        publisher.publish(.absent)
        for number in 0..<50 {
            #expect(await authorize([("client_id", "https://victim.example/\(number)")]).status == 400)
        }
        #expect(await authorize([("client_id", "https://victim.example/50")]).status == 429)
        #expect(publisher.fetches == 50)
        publisher.publish(Publisher.members())
        #expect(await authorize(from: "192.0.2.2").status == 303)
    }

    private func token(now: Int64) async -> Answer {
        await harness.post(
            "grant_type=refresh_token&refresh_token=x&client_id=" + address.replacing(":", with: "%3A"), now: now)
    }

    @Test("at the token endpoint, too, a document that is gone ends the client; it is not asked for again and again")
    func withdrawn() async throws {
        #expect(await authorize().status == 303)
        #expect(await token(now: newYear2026 + 10).error == "invalid_grant")
        publisher.publish(.absent)
        for second: Int64 in 0..<50 {
            #expect(await token(now: newYear2026 + 3_600 + second).error == "invalid_client")
            #expect(await authorize(now: newYear2026 + 3_600 + second).status == 400)
        }
        #expect(publisher.fetches == 2)
    }

    @Test("Attack: a document that is there and no good. It is not fetched for each request")
    func refusedOnce() async throws {
        #expect(await authorize().status == 303)
        publisher.publish(Publisher.members(["client_secret": "s"]))
        for second: Int64 in 0..<50 {
            #expect(await token(now: newYear2026 + 3_600 + second).error == "invalid_client")
            #expect(await authorize(now: newYear2026 + 3_600 + second).status == 400)
        }
        #expect(publisher.fetches == 2)
    }

    @Test("Attack: another site's page makes a browser load the address. Only navigation makes the server fetch")
    func loaded() async throws {
        for destination in ["image", "script", "iframe", "empty"] {
            let answer = await authorize(destination: destination)
            #expect(answer.status == 400)
        }
        #expect(publisher.fetches == 0)
        #expect(await authorize(destination: "document").status == 303)
    }

    @Test("removed with all that it was granted, it is a client that nobody knows again")
    func removed() async throws {
        #expect(await authorize().status == 303)
        let client = try #require(try await harness.store.client(id: address))
        #expect(try await harness.store.remove(client, now: newYear2026) { newYear2026 })
        #expect(await authorize(now: newYear2026 + 10).status == 303)
        #expect(publisher.fetches == 2)
    }
}
