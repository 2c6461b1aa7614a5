import Foundation
import GatewayTesting
import JSON
import Testing

@Suite("client set, and parts of lists")
struct ClientSetTests {
    private static let policy = """
        version: 1
        listeners:
          - address: 127.0.0.1:0
            insecure_plaintext: true
        issuers:
          local: {embedded: true}
        authorization_server:
          issuer: https://localhost:8443
          database: portcullis.sqlite
          audience: https://api.example.com
        routes:
          - {id: read, match: {path: /orders, methods: [GET]}, require: {issuers: [local], scopes: ["orders:read"]}, local: health}
          - {id: write, match: {path: /orders, methods: [PUT]}, require: {issuers: [local], scopes: ["orders:write"]}, local: health}
        audit: {file: {path: audit.jsonl}}
        """

    private static func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder("client-set")
        try folder.write(policy, to: "routes.yaml")
        return folder
    }

    private static func run(_ line: String, in folder: TemporaryFolder) async throws -> Portcullis {
        try await Portcullis.run(line.split(separator: " ").map(String.init), in: folder)
    }

    @Test("what was named has changed, the command says what, and the secret stays")
    func changes() async throws {
        let folder = try Self.folder()
        let added = try await Self.run(
            "client add shop --grant authorization_code --redirect-uri https://shop.example/a --scope orders:read --json",
            in: folder)
        #expect(added.status == 0, "\(added.errors)")
        for (line, output) in [
            ("--name Shop", "shop: changed\n  client_name: none -> Shop\n"),
            ("--name Shop", "shop: is like that already\n"),
            (
                "--add-scope orders:write --add-redirect-uri https://shop.example/b",
                "shop: changed\n  scope: orders:read -> orders:read orders:write\n  redirect_uris: [\"https://shop.example/a\"] -> [\"https://shop.example/a\",\"https://shop.example/b\"]\n"
            ),
            (
                "--remove-scope orders:read --dry-run",
                "shop: would be changed\n  scope: orders:read orders:write -> orders:write\nIt may do less than before: access tokens that it holds would end; refresh tokens lead to new ones.\nNothing was written.\n"
            ),
            (
                "--remove-scope orders:read",
                "shop: changed\n  scope: orders:read orders:write -> orders:write\nIt may do less than before: access tokens that it holds have ended; refresh tokens lead to new ones.\n"
            ),
            (
                "--pushed --no-pkce",
                "shop: changed\n  require_pushed_authorization_requests: false -> true\n  require_pkce: true -> false\n"
            ),
            (
                "--unset name --no-pushed --pkce",
                "shop: changed\n  client_name: Shop -> none\n  require_pushed_authorization_requests: true -> false\n  require_pkce: false -> true\n"
            ),
        ] {
            let run = try await Self.run("client set shop \(line)", in: folder)
            #expect(run.status == 0, "\(line): \(run.errors)")
            #expect(Self.sorted(run.output) == Self.sorted(output), "\(line)")
        }
        let shown = try await Self.run("client show shop", in: folder)
        #expect(
            shown.output.contains("\"scope\": \"orders:write\"") || shown.output.contains("\"scope\":\"orders:write\""))
        let records = String(decoding: try folder.read("audit.jsonl"), as: UTF8.self)
        #expect(
            records.split(separator: "\n").count { $0.contains("\"client_changed\"") } == 5, "no record of a dry run")
    }

    private static func sorted(_ output: String) -> [String] { output.split(separator: "\n").map(String.init).sorted() }

    @Test(
        "what cannot be is refused, in words that say what could",
        arguments: [
            ("client set shop", "nothing to set"), ("client set none --name x", "there is no client \"none\""),
            ("client set shop --remove-scope admin", "the client has no scope \"admin\"; it has orders:read"),
            ("client set shop --scope orders:raed", "orders:read"),
            ("client set shop --scope orders:read --add-scope orders:write", "have no place beside it"),
            ("client set shop --remove-grant client_credentials", "no grant type left"),
            ("client set shop --remove-redirect-uri https://x.example", "the client has no redirect URI"),
            ("client set shop --unset colour", "colour"),
            ("client set shop --auth-method private_key_jwt", "jwks"),
            ("client set shop --certificate routes.yaml --auth-method self_signed_tls_client_auth", "routes.yaml"),
            ("user list --limit 0", "--limit is at least 1"),
        ])
    func refused(line: String, says: String) async throws {
        let folder = try Self.folder()
        #expect(try await Self.run("client add shop --scope orders:read", in: folder).status == 0)
        let run = try await Self.run(line, in: folder)
        #expect(run.status != 0)
        #expect(run.errors.contains(says), "\(run.errors)")
    }

    @Test("lists come in parts, whole, and as JSON", arguments: ["client", "user"])
    func lists(_ what: String) async throws {
        let folder = try Self.folder()
        let names = ["ada", "bob", "cyd", "dan", "eve"]
        for name in names {
            let input = what == "user" ? "correct horse battery staple\n" : nil
            let line = what == "user" ? ["user", "add", name] : ["client", "add", name, "--scope", "orders:read"]
            let run = try await Portcullis.run(line, in: folder, input: input ?? "")
            #expect(run.status == 0, "\(run.errors)")
        }
        func listed(_ options: String) async throws -> (names: [String], errors: String) {
            let run = try await Self.run("\(what) list\(options)", in: folder)
            #expect(run.status == 0, "\(run.errors)")
            return (
                run.output.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) },
                run.errors
            )
        }
        #expect(try await listed("").names == names)
        let first = try await listed(" --limit 2")
        #expect(first.names == ["ada", "bob"])
        #expect(first.errors == "there are more: portcullis \(what) list --limit 2 --after bob\n")
        #expect(try await listed(" --limit 2 --after bob").names == ["cyd", "dan"])
        let last = try await listed(" --limit 2 --after dan")
        #expect(last.names == ["eve"] && last.errors.isEmpty)
        #expect(try await listed(" --limit 5").errors.isEmpty)
        let whole = try await Self.run("\(what) list --json --limit 3", in: folder)
        let array = try JSON.parse(Array(whole.output.utf8)).array ?? []
        #expect(
            array.compactMap { $0.object?[what == "user" ? "name" : "client_id"]?.string } == Array(names.prefix(3)))
        #expect(!whole.output.contains("$7$") && !whole.output.contains("password_hash"))
        #expect(
            try await Self.run("\(what) list --json --after eve", in: folder).output.filter { !$0.isWhitespace } == "[]"
        )
    }

    @Test("a certificate's key and subject are taken from its file")
    func certificate() async throws {
        let folder = try Self.folder()
        #expect(try await Self.run("certs init", in: folder).status == 0)
        let own = try await Self.run(
            "client add meter --auth-method self_signed_tls_client_auth --certificate certs/orders.pem --scope orders:read --json",
            in: folder)
        #expect(own.status == 0, "\(own.errors)")
        let key = try JSON.parse(Array(own.output.utf8)).object?["jwks"]?.object?["keys"]?.array?.first?.object
        #expect(key?["kty"] == "EC" && key?["x"] != nil && key?["kid"] != nil && key?["d"] == nil)
        let named = try await Self.run(
            "client add mailer --certificate certs/orders.pem --scope orders:read --json", in: folder)
        #expect(named.status == 0, "\(named.errors)")
        let client = try JSON.parse(Array(named.output.utf8)).object
        #expect(client?["token_endpoint_auth_method"] == "tls_client_auth")
        #expect(client?["tls_client_auth_subject_dn"]?.string?.contains("=") == true)
        let changed = try await Self.run("client set meter --certificate certs/client.pem --json", in: folder)
        #expect(changed.status == 0, "\(changed.errors)")
        let other = try JSON.parse(Array(changed.output.utf8)).object?["jwks"]?.object?["keys"]?.array?.first?.object
        #expect(other?["x"] != key?["x"])
    }

    @Test("attributes of an account are noted when it is added, and changed by name")
    func attributes() async throws {
        let folder = try Self.folder()
        func attributes() async throws -> JSON? {
            try JSON.parse(Array(try await Self.run("user show ada", in: folder).output.utf8)).object?["attributes"]
        }
        let added = try await Portcullis.run(
            ["user", "add", "ada", "--attribute", "team=a=b", "--attribute", "region=eu", "--attribute", "region=us"],
            in: folder, input: "correct horse battery staple\n")
        #expect(added.status == 0, "\(added.errors)")
        #expect(try await attributes() == ["region": ["eu", "us"], "team": "a=b"])
        for (line, found) in [
            ("--attribute team=c", ["region": ["eu", "us"], "team": "c"]), ("--no-attribute region", ["team": "c"]),
            ("--no-attributes --attribute x=1", ["x": "1"]), ("--no-attributes", nil),
        ] as [(String, JSON?)] {
            let run = try await Self.run("user set ada \(line)", in: folder)
            #expect(run.status == 0, "\(run.errors)")
            #expect(try await attributes() == found, "\(line)")
        }
        for line in ["--attribute team", "--attribute =x", "--attribute two\tteams=x"] {
            #expect(try await Self.run("user set ada \(line)", in: folder).status != 0, "\(line)")
        }
    }

    @Test("client add says what can be tried with the client, or nothing")
    func hints() async throws {
        let folder = try Self.folder()
        let own = try await Self.run("client add billing --scope orders:read", in: folder)
        #expect(own.output.contains("Try: PORTCULLIS_CLIENT_SECRET=… portcullis token --client-id billing"))
        for line in [
            "client add shop --grant authorization_code --redirect-uri https://shop.example/a --scope orders:read",
            "client add proof --dpop --scope orders:read",
        ] {
            let run = try await Self.run(line, in: folder)
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output.contains("The secret is not shown again.") && !run.output.contains("Try:"), "\(line)")
        }
    }

    @Test("a secret that could not be printed is said to be lost, with the way out")
    func lostSecret() async throws {
        let folder = try Self.folder()
        let program = try ProgramRunner.built().executable
        for (line, way) in [
            ("client add shop --scope orders:read", "portcullis client secret add shop"),
            ("client secret add shop", "portcullis client secret remove shop --newer"),
        ] {
            let process = try ChildProcess.start(
                "/bin/sh", ["-c", "\"$0\" \(line) >/dev/full 2>errors", program], in: folder.url.path)
            #expect(try await process.waitForExit() == 1)
            let errors = String(decoding: try folder.read("errors"), as: UTF8.self)
            #expect(errors.contains("is lost") && errors.contains(way), "\(errors)")
        }
    }
}
