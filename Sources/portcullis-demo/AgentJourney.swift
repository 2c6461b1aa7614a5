import Foundation
import Gateway
import JSON
import Logging
import OperatorTools
import Policy
import PolicyFile
import Transport

/// An agent of the Model Context Protocol that nobody has registered: it is refused, reads where tokens come from, registers
/// itself, has the user agree, and calls a tool. A gateway of its own, since strangers may register there.
struct AgentJourney: Sendable {
    private static let port = 8446
    private static let toolsPort = 9446
    private static let user = "ada"

    /// Where `certs/` and `var/` are.
    let folder: String
    let print: @Sendable (String) -> Void

    init(folder: String, print: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.print = print
    }

    private var authorities: String { "\(folder)/certs/ca.pem" }
    private var resource: String { "https://127.0.0.1:\(Self.port)/mcp" }

    private let certificate = "{chain: ../certs/gateway-client.pem, key: ../certs/gateway-client.key}"

    /// The whole policy, as in docs/mcp.md.
    private var policy: String {
        """
        version: 1
        listeners:
          - address: 127.0.0.1:\(Self.port)
            tls:
              certificates: [{chain: ../certs/gateway.pem, key: ../certs/gateway.key}]
        authorization_server:
          issuer: https://localhost:\(Self.port)
          database: mcp.sqlite
          audience: \(resource)
          scope_descriptions: {notes: Read your notes}
          registration: {open: {}, scopes: [notes]}
        issuers:
          local: {embedded: true}
        upstreams:
          notes:
            endpoints: [https://127.0.0.1:\(Self.toolsPort)]
            tls: {authorities: ../certs/upstream-ca.pem, identity: spiffe://example.org/orders, certificate: \(certificate)}
        routes:
          - id: notes
            match: {hosts: ["127.0.0.1"], path: "/mcp/{rest...}"}
            require: {issuers: [local], scopes: [notes]}
            upstream: notes
        audit:
          file: {path: mcp-audit.jsonl}
        """
    }

    /// True: everything went as expected.
    func run() async throws -> Bool {
        guard Browser.isInstalled else {
            print("   NOT SHOWN: chromium and chromedriver are missing; apt-get install chromium chromium-driver")
            return false
        }
        let path = "\(folder)/var/mcp.yaml"
        try policy.write(toFile: path, atomically: true, encoding: .utf8)
        let certificate = ServerTLSFiles.Pair(
            chain: "\(folder)/certs/orders.pem", key: "\(folder)/certs/orders.key")
        let tools = try await ExampleService.start(
            name: "notes", port: Self.toolsPort, certificate: certificate,
            clientAuthorities: "\(folder)/certs/upstream-ca.pem")
        let outcome: Result<Bool, any Error>
        do {
            var logger = Logger(label: "portcullis") { StreamLogHandler.standardError(label: $0) }
            logger.logLevel = .error
            let gateway = try await GatewayServer.start(policyPath: path, logger: logger)
            do { outcome = .success(try await play(path)) } catch {
                await gateway.stop()
                throw error
            }
            await gateway.stop()
        } catch {
            await tools.stop()
            throw error
        }
        await tools.stop()
        return try outcome.get()
    }

    private func play(_ path: String) async throws -> Bool {
        guard let settings = PolicyReader(files: DiskPolicyFiles()).read(fileAt: path).policy?.authorizationServer
        else { throw Demonstration.Failure(description: "\(path) has no authorization_server") }
        let password = "demo-" + UUID().uuidString.lowercased()
        let users = try await UserRegistry(settings)
        _ = try await users.remove(name: Self.user)
        _ = try await users.add(name: Self.user, password: password, email: nil, displayName: "Ada")

        let refused = try call(nil, ["method": "initialize"])
        print("   $ curl --cacert certs/ca.pem \(resource) -d …    # the agent knows this address, and no more")
        let challenge = refused.field("WWW-Authenticate") ?? ""
        print("   \(refused.status) WWW-Authenticate: \(challenge)")
        guard refused.status == 401, let metadata = Self.quoted("resource_metadata", in: challenge) else {
            return false
        }
        let server = try document(metadata)["authorization_servers"]?.array?.first?.string ?? ""
        print("   \(metadata) names \(server)")
        let registration = try document(server + "/.well-known/oauth-authorization-server")["registration_endpoint"]
        guard let endpoint = registration?.string, let client = try register(at: endpoint) else { return false }
        print("   registered itself: client_id \(client); the user is told that nobody has checked it")
        guard let token = try await token(settings, client: client, password: password) else { return false }
        return try use(token)
    }

    private func register(at endpoint: String) throws -> String? {
        let answer = try send(
            endpoint,
            [
                "client_name": "Notes agent", "redirect_uris": ["http://127.0.0.1/callback"],
                "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
            ])
        guard answer.status == 201 else { return nil }
        return (try? JSON.parse(Array(answer.body.utf8)))?.object?["client_id"]?.string
    }

    private func token(_ settings: AuthorizationServerSettings, client: String, password: String) async throws
        -> String?
    {
        let browser = try await Browser.start()
        defer { browser.stop() }
        let agent = TokenClient(
            issuer: settings.issuer.identifier, clientID: client, clientSecret: nil, scope: "notes", resource: resource,
            authorities: authorities)
        let print = print
        let response = try await agent.authorizationCode(within: .seconds(60)) { address in
            // The browser blocks whoever drives it; the answer comes to the receiver meanwhile.
            Thread.detachNewThread {
                do {
                    try browser.open(address)
                    try browser.type(Self.user, into: "#username")
                    try browser.type(password, into: "#password")
                    try browser.click("button[type=submit]")
                    print("   the browser shows: \(browser.title)")
                    try browser.click("button[value=allow]")
                    print("   the browser shows: \(browser.title)")
                } catch {
                    print("   NOT AS EXPECTED: \(error)")
                }
            }
        }
        return response.object?["access_token"]?.string
    }

    private func use(_ token: String) throws -> Bool {
        let begun = try call(
            token,
            [
                "method": "initialize",
                "params": [
                    "protocolVersion": .string(ExampleTools.protocolVersion), "capabilities": [:],
                    "clientInfo": ["name": "agent", "version": "1"],
                ],
            ])
        let called = try call(token, ["method": "tools/call", "params": ["name": .string(ExampleTools.tool)]])
        let result = (try? JSON.parse(Array(called.body.utf8)))?.object?["result"]?.object
        let text = result?["content"]?.array?.first?.object?["text"]?.string ?? ""
        print("   \(begun.status) initialize")
        print("   \(called.status) tools/call \(ExampleTools.tool): \(text)")
        print("   With agents of PyPI (fastmcp, mcp): docs/mcp.md")
        return begun.status == 200 && called.status == 200 && text.hasPrefix("user-")
    }

    // MARK: Requests

    private func call(_ token: String?, _ members: JSONObject) throws -> Curl.Answer {
        var body = members
        body["jsonrpc"] = "2.0"
        body["id"] = 1
        return try send(resource, body, token: token)
    }

    private func send(_ address: String, _ body: JSONObject, token: String? = nil) throws -> Curl.Answer {
        var arguments = [
            "--cacert", authorities, "--header", "Content-Type: application/json", "--header",
            "Accept: application/json, text/event-stream", "--data-binary",
            String(decoding: JSON.object(body).serialized(), as: UTF8.self),
        ]
        if let token { arguments += ["--header", "Authorization: Bearer \(token)"] }
        return try Curl.run(arguments + [address])
    }

    private func document(_ address: String) throws -> JSONObject {
        let answer = try Curl.run(["--cacert", authorities, address])
        return (try? JSON.parse(Array(answer.body.utf8)))?.object ?? [:]
    }

    /// The value of a parameter of a challenge (RFC 9110 §11.2).
    private static func quoted(_ name: String, in challenge: String) -> String? {
        guard let start = challenge.range(of: name + "=\"") else { return nil }
        return challenge[start.upperBound...].split(separator: "\"", maxSplits: 1).first.map(String.init)
    }
}
