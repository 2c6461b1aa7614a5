import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

/// A user in a browser: an application asks for a token by the code flow with PKCE, the user logs in and agrees,
/// the application calls, and gives the token back; then it is worth nothing, at once.
struct UserJourney: Sendable {
    static let application = "demo-app"
    static let name = "ada"
    /// Milliseconds within which a token that was given back must be refused.
    private static let revokedWithin = 1_000

    let settings: AuthorizationServerSettings
    let authorities: String
    /// Of the issuer, and of the services.
    let base, api: String
    let print: @Sendable (String) -> Void

    /// Registers the application (a public client) and the user; the user's password.
    func prepare() async throws -> String {
        let clients = try await ClientRegistry(settings)
        _ = try await clients.remove(id: Self.application)
        _ = try await clients.add(
            id: Self.application,
            metadata: [
                "client_name": "Order viewer", "token_endpoint_auth_method": "none",
                "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": ["http://127.0.0.1/callback"],
                "scope": "orders:read",
            ], resources: nil, isFirstParty: false)
        let users = try await UserRegistry(settings)
        _ = try await users.remove(name: Self.name)
        let password = "demo-" + UUID().uuidString.lowercased()
        _ = try await users.add(name: Self.name, password: password, email: nil, displayName: "Ada")
        return password
    }

    /// True: everything went as expected.
    func run(password: String) async throws -> Bool {
        guard Browser.isInstalled else {
            print("   NOT SHOWN: chromium and chromedriver are missing; apt-get install chromium chromium-driver")
            return false
        }
        let browser = try await Browser.start()
        defer { browser.stop() }
        let client = TokenClient(
            issuer: settings.issuer.identifier, clientID: Self.application, clientSecret: nil, scope: "orders:read",
            resource: nil, authorities: authorities)
        let print = print
        let response = try await client.authorizationCode(within: .seconds(60)) { address in
            print("   the application opens \(address.prefix(96))…")
            // The browser blocks whoever drives it; the answer comes to the receiver meanwhile.
            Thread.detachNewThread {
                do { try Self.logIn(browser, at: address, password: password, print) } catch {
                    print("   NOT AS EXPECTED: \(error)")
                }
            }
        }
        guard let token = response.object?["access_token"]?.string else { return false }
        print(
            "   200 access_token \(token.prefix(24))…, refresh token too: \(response.object?["refresh_token"] != nil)")
        let allowed = try call(token)
        print("   $ curl --cacert \(authorities) -H \"Authorization: Bearer $TOKEN\" \(api)/orders/1")
        print("   \(allowed.status)")
        guard allowed.status == 200 else { return false }
        return try await revoke(token)
    }

    private static func logIn(
        _ browser: Browser, at address: String, password: String, _ print: @Sendable (String) -> Void
    ) throws {
        try browser.open(address)
        print("   the browser shows: \(browser.title)")
        try browser.type(name, into: "#username")
        try browser.type(password, into: "#password")
        try browser.click("button[type=submit]")
        print("   the browser shows: \(browser.title)")
        try browser.click("button[value=allow]")
        print("   the browser shows: \(browser.title)")
    }

    private func revoke(_ token: String) async throws -> Bool {
        print(
            "   $ curl --cacert \(authorities) -d client_id=\(Self.application) -d token=$TOKEN \(base)/oauth2/revoke")
        let given = try Curl.run([
            "--cacert", authorities, "--data", "client_id=\(Self.application)", "--data", "token=\(token)",
            "\(base)/oauth2/revoke",
        ])
        print("   \(given.status)")
        guard given.status == 200 else { return false }
        let start = ContinuousClock.now
        var answer = try call(token)
        while answer.status == 200, start.duration(to: .now) < .milliseconds(Self.revokedWithin) {
            try await Task.sleep(for: .milliseconds(20))
            answer = try call(token)
        }
        let code = (try? JSON.parse(Array(answer.body.utf8)))?.object?["code"]?.string ?? ""
        print(
            "   the same call again: \(answer.status) \(code), after \(start.duration(to: .now).formatted(.units(allowed: [.milliseconds])))"
        )
        if answer.status != 401 || code != "revoked_token" {
            print("   NOT AS EXPECTED: expected 401 revoked_token within \(Self.revokedWithin) ms")
            return false
        }
        return true
    }

    private func call(_ token: String) throws -> Curl.Answer {
        try Curl.run(["--cacert", authorities, "--header", "Authorization: Bearer \(token)", "\(api)/orders/1"])
    }
}
