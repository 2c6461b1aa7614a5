import Foundation
import GatewayTesting
import JSON
import Testing

/// `portcullis import`, `user import`, `client import`.
@Suite("imports of clients and users")
struct ImportTests {
    private static let policy = """
        version: 1
        listeners:
          - {address: "127.0.0.1:8443", insecure_plaintext: true}
        authorization_server:
          issuer: https://auth.example.com
          database: server.sqlite
          audience: https://api.example.com
        issuers:
          local: {embedded: true}
        routes:
          - {id: all, match: {path: "/{rest...}", hosts: [api.example.com]}, require: {issuers: [local]}, local: health}
        audit:
          file: {path: audit.jsonl}
        """

    /// As an export of a realm is built; every value was made here.
    private static let realm = #"""
        {"realm": "shop", "enabled": true,
         "clients": [
          {"clientId": "account", "enabled": true, "protocol": "openid-connect", "publicClient": true},
          {"clientId": "web", "name": "Web shop", "enabled": true, "protocol": "openid-connect", "publicClient": false,
           "clientAuthenticatorType": "client-secret", "secret": "qX5bLwSgPkNnHr7uYcZfVd3T", "rootUrl": "https://shop.example",
           "redirectUris": ["/callback", "https://shop.example/*"], "standardFlowEnabled": true, "implicitFlowEnabled": true,
           "serviceAccountsEnabled": true, "defaultClientScopes": ["web-origins", "roles", "profile", "orders"],
           "attributes": {"post.logout.redirect.uris": "https://shop.example/bye##https://shop.example/x/*"}},
          {"clientId": "app", "enabled": true, "publicClient": true, "redirectUris": ["com.example.app:/cb"]},
          {"clientId": "old", "enabled": false, "protocol": "openid-connect"},
          {"clientId": "partner", "enabled": true, "protocol": "saml"},
          {"clientId": "weak", "enabled": true, "secret": "short", "redirectUris": ["https://weak.example/cb"]},
          {"clientId": "patterns", "enabled": true, "secret": "qX5bLwSgPkNnHr7uYcZfVd3T", "redirectUris": ["*"]}
         ],
         "users": [
          {"username": "alice", "email": "alice@example.com", "emailVerified": true, "enabled": true, "firstName": "Alice",
           "lastName": "Archer", "realmRoles": ["default-roles-shop", "clerk"], "groups": ["/staff"],
           "attributes": {"department": ["sales"], "region": ["eu", "us"], "two words": ["x"], "LDAP_ENTRY": []},
           "credentials": [{"type": "password",
            "secretData": "{\"value\":\"yqSq2SygY1sB4EcH9f2FG0JTMES+wqLsOT5YmiRBplLYbawB4lwjdPCI3Ns1d3pRT9/+PGa1sFXN8qwjZx9S8g==\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\",\"additionalParameters\":{}}",
            "credentialData": "{\"hashIterations\":1000,\"algorithm\":\"pbkdf2-sha256\",\"additionalParameters\":{}}"},
            {"type": "otp", "secretData": "{}", "credentialData": "{}"}]},
          {"username": "bob", "enabled": false,
           "credentials": [{"type": "password",
            "secretData": "{\"value\":\"gAwJW5vx5itn2V9KHlEUjyUCrpDYgKyQf0gMaHGx1h4=\",\"salt\":\"MDEyMzQ1Njc4OWFiY2RlZg==\"}",
            "credentialData": "{\"hashIterations\":2,\"algorithm\":\"argon2\",\"additionalParameters\":{\"hashLength\":[\"32\"],\"memory\":[\"64\"],\"type\":[\"id\"],\"version\":[\"1.3\"],\"parallelism\":[\"1\"]}}"}]},
          {"username": "carol", "enabled": true,
           "credentials": [{"type": "password", "secretData": "{\"value\":\"AAAA\",\"salt\":\"AAAA\"}",
            "credentialData": "{\"hashIterations\":20000,\"algorithm\":\"pbkdf2\"}"}]},
          {"username": "service-account-web", "enabled": true, "serviceAccountClientId": "web"},
          {"username": "Ünal", "enabled": true}
         ]}
        """#

    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("import")
        try folder.write(policy, to: "routes.yaml")
        try folder.write(realm, to: "realm.json")
        return folder
    }

    private static let carried = """
        client account: left out: it is Keycloak's own
        client web: added
          not carried over: the implicit flow: OAuth 2.1 has none
          not carried over: redirect URIs that are patterns (https://shop.example/*): register each address
          not carried over: addresses after log-out that are patterns
        client app: added
        client old: left out: it is disabled
        client partner: left out: it speaks saml
        client weak: refused: its secret has 5 octets and can be guessed; 16 are needed
        client patterns: refused: authorization_code needs redirect_uris
          not carried over: redirect URIs that are patterns (*): register each address
        user alice: added (password pbkdf2-sha256)
          not carried over: second factor otp: has to be set up again
          not carried over: attributes two words, LDAP_ENTRY: a name or a value is none here, or too long
          not carried over: groups and roles staff, clerk: --groups puts users into groups of these names
        user bob: added (password argon2id)
        user carol: added
          not carried over: password: its algorithm is not known here; bcrypt, argon2id, PBKDF2 with SHA-256 or SHA-512, and scrypt are; it cannot log in before it gets another
        user service-account-web: left out: it is the service account of client web, which acts for itself here
        user Ünal: refused: a user name has 1 to 128 of the characters a-z 0-9 . _ - + @, and capitals do not matter
          not carried over: it has no password: it cannot log in before it gets one

        """

    @Test(
        "an export of Keycloak: each entry says what became of it; a dry run says the same and writes nothing; again changes nothing"
    )
    func keycloak() async throws {
        let folder = try Self.folder()
        func run(_ arguments: String...) async throws -> Portcullis {
            try await Portcullis.run(arguments, in: folder, input: "")
        }
        // A dry run makes no database either.
        #expect(try await run("import", "keycloak", "realm.json", "--dry-run").status == 1)
        #expect(!FileManager.default.fileExists(atPath: folder.url.appending(path: "server.sqlite").path))
        #expect(try await run("client", "add", "own", "--unlisted-scope", "x").status == 0)
        let dry = try await run("import", "keycloak", "realm.json", "--dry-run")
        #expect(dry.status == 1)
        #expect(
            dry.output == Self.carried
                + "Nothing was written; it would be: 5 added, 0 there already, 4 left out, 3 refused\n")
        #expect(try await !run("client", "list").output.contains("web"))
        let real = try await run("import", "keycloak", "realm.json")
        #expect(real.status == 1)
        #expect(real.output == Self.carried + "5 added, 0 there already, 4 left out, 3 refused\n")
        let web = try await run("client", "show", "web").output
        for text in [
            "\"https://shop.example/callback\"", "\"https://shop.example/bye\"", "openid profile orders",
            "client_credentials",
        ] {
            #expect(web.contains(text), "\(text)")
        }
        #expect(!web.contains("*"))
        let users = try await run("user", "list").output
        #expect(users.contains("Alice Archer, alice@example.com") && users.contains("disabled"))
        let alice = try await run("user", "show", "alice").output
        #expect(
            try JSON.parse(Array(alice.utf8)).object?["attributes"] == ["department": "sales", "region": ["eu", "us"]])
        let again = try await run("import", "keycloak", "realm.json", "--json")
        let results = try again.output.split(separator: "\n").map {
            try JSON.parse(Array($0.utf8)).object?["result"]?.string
        }
        #expect(results.count { $0 == "there already" } == 5 && results.count { $0 == "added" } == 0)
        // Neither secrets nor hashes are in what was said, nor in the records.
        let records = String(decoding: try folder.read("audit.jsonl"), as: UTF8.self)
        for text in [real.output, again.output, records] {
            for secret in ["qX5bLwSg", "yqSq2Syg", "gAwJW5vx"] { #expect(!text.contains(secret)) }
        }
        #expect(records.split(separator: "\n").count { $0.contains("\"user_added\"") } == 3)
    }

    @Test("with --groups, users are in the groups of routes.yaml that are called as theirs are, and in no others")
    func groups() async throws {
        let folder = try Self.folder()
        try folder.write(
            Self.policy.replacing(
                "audience: https://api.example.com",
                with: "audience: https://api.example.com\n  groups: {staff: {may: [orders]}}"),
            to: "routes.yaml")
        let run = try await Portcullis.run(["import", "keycloak", "realm.json", "--groups"], in: folder, input: "")
        #expect(
            run.output.contains("not carried over: groups and roles clerk: there are no groups of these names"),
            "\(run.output)\(run.errors)")
        let shown = try await Portcullis.run(["user", "show", "alice"], in: folder, input: "")
        #expect(
            try JSON.parse(Array(shown.output.utf8)).object?["groups"] == ["staff"], "\(shown.output)\(shown.errors)")
    }

    @Test("clients of Hydra, as its command line lists them, get new secrets, which are shown once")
    func hydra() async throws {
        let folder = try Self.folder()
        try folder.write(
            #"""
            {"items": [
              {"client_id": "5e1a3f4c-0000-4000-8000-000000000001", "client_name": "Portal", "redirect_uris": ["https://portal.example/cb"],
               "grant_types": ["authorization_code", "refresh_token", "implicit"], "response_types": ["code", "id_token", "token"],
               "scope": "openid offline offline_access orders", "audience": ["https://orders.example"], "owner": "", "jwks": {},
               "token_endpoint_auth_method": "client_secret_post", "contacts": [], "metadata": {}, "skip_consent": true,
               "backchannel_logout_uri": "https://portal.example/bye", "created_at": "2026-01-01T00:00:00Z", "subject_type": "public"},
              {"client_id": "spa", "redirect_uris": ["https://spa.example/cb"], "token_endpoint_auth_method": "none", "scope": "openid"},
              {"client_id": "robot", "grant_types": ["password"], "scope": "x"}
            ], "next_page_token": "", "is_last_page": true}
            """#, to: "clients.json")
        let run = try await Portcullis.run(["import", "hydra", "clients.json"], in: folder, input: "")
        #expect(run.status == 1)
        let lines = run.output.split(separator: "\n").map(String.init)
        #expect(
            lines.filter { !$0.hasPrefix("  client_secret: ") } == [
                "client 5e1a3f4c-0000-4000-8000-000000000001: added",
                "  not carried over: the grant implicit: OAuth 2.1 has none",
                "  not carried over: audience https://orders.example: see --resource of client add",
                "  not carried over: the response types id_token, token",
                "  not carried over: its secret: exports of Hydra have none; it gets a new one",
                "client spa: added",
                "client robot: refused: none of its grants is there here",
                "  not carried over: the grant password: OAuth 2.1 has none",
                "2 added, 0 there already, 0 left out, 1 refused",
            ], "\(run.output)")
        #expect(lines.count { $0.hasPrefix("  client_secret: ") } == 1)
    }

    @Test(
        "Keycloak's address for back-channel log-out comes along, and all else that a client, user or realm says is named"
    )
    func nothingDroppedSilently() async throws {
        let folder = try Self.folder()
        try folder.write(
            #"""
            {"realm": "shop", "roles": {"realm": [{"name": "clerk"}]}, "identityProviders": [], "groups": [{"name": "staff"}],
             "clients": [
              {"clientId": "web", "secret": "qX5bLwSgPkNnHr7uYcZfVd3T", "redirectUris": ["https://shop.example/cb"],
               "consentRequired": false, "webOrigins": ["+", "https://other.example"], "baseUrl": "/shop", "notBefore": 7,
               "authorizationServicesEnabled": true, "fullScopeAllowed": true, "nodeReRegistrationTimeout": -1,
               "attributes": {"backchannel.logout.url": "https://shop.example/bye", "logoUri": "https://shop.example/logo.png",
                "backchannel.logout.session.required": "true", "frontchannel.logout.url": "https://shop.example/front",
                "access.token.lifespan": "60", "oidc.ciba.grant.enabled": "false", "use.refresh.tokens": "false",
                "jwks.string": "{}", "pkce.code.challenge.method": "plain"}},
              {"clientId": "old", "publicClient": true, "redirectUris": ["https://old.example/cb"],
               "attributes": {"backchannel.logout.url": "http://old.example/bye"}}],
             "users": [{"username": "alice", "enabled": true, "federationLink": "ldap", "clientConsents": [{"clientId": "web"}],
               "attributes": {"locale": ["de"], "bad name": ["\u0001"]}, "notBefore": 3, "newThing": "x", "id": "1", "createdTimestamp": 5}]}
            """#, to: "export.json")
        let run = try await Portcullis.run(["import", "keycloak", "export.json"], in: folder, input: "")
        #expect(
            run.output == """
                client web: added
                  not carried over: users are not asked whether they agree (consentRequired: false): here they are
                  not carried over: web origins https://other.example
                  not carried over: the PKCE method plain
                  not carried over: baseUrl, notBefore, authorizationServicesEnabled
                  not carried over: attributes frontchannel.logout.url, access.token.lifespan
                client old: added
                  not carried over: the address for back-channel log-out http://old.example/bye: it has to be https
                user alice: added
                  not carried over: it has no password: it cannot log in before it gets one
                  not carried over: attributes bad name: a name or a value is none here, or too long
                  not carried over: what it has agreed to: it is asked anew
                  not carried over: its account in another directory (federationLink), which is not asked here
                  not carried over: notBefore, newThing
                realm shop: left out: the settings of the realm are not taken over: groups, roles
                3 added, 0 there already, 1 left out, 0 refused

                """, "\(run.output)\(run.errors)")
        let web = try JSON.parse(
            Array(try await Portcullis.run(["client", "show", "web"], in: folder, input: "").output.utf8)
        ).object
        #expect(web?["backchannel_logout_uri"] == "https://shop.example/bye")
        #expect(web?["logo_uri"] == "https://shop.example/logo.png")
        #expect(web?["grant_types"] == ["authorization_code"])
        let line =
            #"{"client_id": "tool", "redirect_uris": ["https://t.example/cb"], "sector_identifier_uri": "https://t.example/s", "client_name#de": "Werkzeug"}"#
        let lines = try await Portcullis.run(["client", "import", "-"], in: folder, input: line + "\n")
        #expect(
            lines.output.contains("client tool: added\n  not carried over: sector_identifier_uri\n"), "\(lines.output)")
    }

    @Test("JSON Lines: each line is an entry of its own, and one that is wrong keeps none of the others out")
    func lines() async throws {
        let folder = try Self.folder()
        try folder.write(
            #"""
            {"name": "dora", "email": "dora@example.com", "password_hash": "$2b$04$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W"}

            {"name": "dora"}
            {"name": "emil", "password_hash": "$2b$20$CCCCCCCCCCCCCCCCCCCCC.0uP/2zHIr81tVya45gVnDFLBmqu9l4W"}
            {"name": "fred", "password": "in plain"}
            not JSON
            {"name": "gina", "display_name": "<script>\u001b[31m"}
            {"name": "hugo", "display_name": "Administrator<script>"}
            {"name": "ines", "display_name": "Аdmin"}
            """#, to: "users.jsonl")
        let run = try await Portcullis.run(["user", "import", "users.jsonl"], in: folder, input: "")
        #expect(run.status == 1)
        #expect(
            run.output == """
                user dora: added (password bcrypt)
                user dora: there already
                  not carried over: it has no password: it cannot log in before it gets one
                user emil: refused: "password_hash": the hash of the password would cost too much to check; taken is bcrypt with a cost of 4 to 14
                line 5, user fred: refused: "password" is not known; known are attributes, disabled, display_name, email, email_verified, name, password_hash
                line 6: refused: is no JSON object, or larger than 64 KiB
                user gina: refused: a display name has no control characters, and none that nobody sees
                  not carried over: it has no password: it cannot log in before it gets one
                user hugo: refused: a display name has no < and no >
                  not carried over: it has no password: it cannot log in before it gets one
                user ines: refused: a display name says nothing of a role in this service, such as administrator or support, nor looks as if it did
                  not carried over: it has no password: it cannot log in before it gets one
                1 added, 1 there already, 0 left out, 6 refused

                """, "\(run.output)")
        let client =
            #"{"client_id": "tool", "client_secret": "0123456789abcdef", "grant_types": ["client_credentials"], "response_types": [], "scope": "x"}"#
        let clients = try await Portcullis.run(["client", "import", "-"], in: folder, input: client + "\n")
        #expect(
            clients.status == 0
                && clients.output == "client tool: added\n1 added, 0 there already, 0 left out, 0 refused\n",
            "\(clients.output)\(clients.errors)")
        for file in ["none.json", "routes.yaml", "users.jsonl"] {
            let run = try await Portcullis.run(["import", "keycloak", file], in: folder, input: "")
            #expect(run.status == 1 && run.output.isEmpty && run.errors.hasPrefix("Error: "), "\(file)")
        }
    }
}
