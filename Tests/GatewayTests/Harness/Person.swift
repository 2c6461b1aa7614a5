import Foundation
import GatewayTesting
import HTTP
import JSON
import Octets
import Synchronization

/// Somebody with a browser at a gateway's pages, and the application that they use: cookies are kept, forms are sent with
/// all that is hidden in them.
final class Person: Sendable {
    /// RFC 7636 Appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    private static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let redirectURI = "https://shop.example.com/done"

    private let harness: GatewayHarness
    private let http: CurlClient
    private let cookies = Mutex<[String: String]>([:])

    init(_ harness: GatewayHarness) throws {
        self.harness = harness
        http = try harness.client()
    }

    /// A client of the authorization code and device grants, with a secret.
    static func addShop(_ harness: GatewayHarness, id: String = "shop", more: String...) async throws -> String {
        let run = try await Portcullis.run(
            [
                "client", "add", id, "--scope", "orders:read", "--scope", "openid", "--grant", "authorization_code",
                "--grant", "refresh_token", "--grant", "urn:ietf:params:oauth:grant-type:device_code",
                "--redirect-uri", redirectURI, "--json",
            ] + more, in: harness.gateway.folder)
        guard run.status == 0, let secret = try JSON.parse(Array(run.output.utf8)).object?["client_secret"]?.string
        else { throw GatewayRefusedToStart(reasons: [run.errors]) }
        return secret
    }

    // MARK: The browser

    /// An answer that leads elsewhere, or a page.
    struct Shown: Sendable {
        let status: Int
        let location: String?
        let text: String

        /// A parameter of where it leads.
        func parameter(_ name: String) -> String? {
            guard let query = location?.split(separator: "?", maxSplits: 1).last,
                let form = try? FormFields(Array(query.utf8))
            else { return nil }
            return form.pairs.first { $0.name == name }?.value
        }

        fileprivate var form: (action: String, hidden: [(String, String)]) {
            let action = text.firstMatch(of: /<form method="post" action="([^"]*)"/).map { String($0.1) } ?? ""
            // The first one: the log-in page has another for passkeys.
            let form = text.range(of: "</form>").map { text[..<$0.lowerBound] } ?? text[...]
            return (
                action,
                form.matches(of: /<input type="hidden" name="([^"]*)" value="([^"]*)">/).map {
                    (String($0.1), String($0.2).replacingOccurrences(of: "&amp;", with: "&"))
                }
            )
        }
    }

    func get(_ target: String) async throws -> Shown { try await exchange(harness.request(target)) }

    func send(_ page: Shown, _ values: [(String, String)]) async throws -> Shown {
        let (action, hidden) = page.form
        return try await post(action, hidden + values)
    }

    func post(_ target: String, _ values: [(String, String)]) async throws -> Shown {
        var request = harness.request(
            target, method: "POST",
            fields: [
                HeaderField("Content-Type", "application/x-www-form-urlencoded"),
                HeaderField("Sec-Fetch-Site", "same-origin"),
            ])
        request.body = .text(Self.form(values))
        return try await exchange(request)
    }

    private func exchange(_ request: CurlRequest) async throws -> Shown {
        var request = request
        let sent = cookies.withLock { $0.map { "\($0)=\($1)" }.joined(separator: "; ") }
        if !sent.isEmpty { request.fields.append(HeaderField("Cookie", sent)) }
        let answer = try await http.send(request)
        for line in answer.values("set-cookie") {
            let pair = line.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else { continue }
            cookies.withLock { $0[pair[0]] = pair[1] }
        }
        return Shown(status: answer.status, location: answer.value("location"), text: answer.text)
    }

    // MARK: What they do

    func authorize(_ more: [(String, String)] = [], client: String = "shop") async throws -> Shown {
        try await get(
            "/oauth2/authorize?"
                + Self.form(
                    [
                        ("response_type", "code"), ("client_id", client), ("redirect_uri", Self.redirectURI),
                        ("scope", "openid orders:read"), ("code_challenge", Self.challenge),
                        ("code_challenge_method", "S256"),
                    ] + more))
    }

    /// From the application's request to the page behind the log-in.
    func logIn(_ name: String = "alice", password: String, client: String = "shop") async throws -> Shown {
        let asked = try await authorize(client: client)
        let page = try await get(asked.location ?? "")
        let answer = try await send(page, [("username", name), ("password", password)])
        guard let next = answer.location else { return answer }
        return try await get(next)
    }

    // MARK: The application

    func token(_ values: [(String, String)], client: String = "shop", secret: String) async throws -> CurlResponse {
        try await application("/oauth2/token", values, client: client, secret: secret)
    }

    func redeem(_ code: String, client: String = "shop", secret: String) async throws -> CurlResponse {
        try await token(
            [("grant_type", "authorization_code"), ("code", code), ("code_verifier", Self.verifier)], client: client,
            secret: secret)
    }

    func application(_ path: String, _ values: [(String, String)], client: String = "shop", secret: String)
        async throws -> CurlResponse
    {
        var request = harness.request(
            path, method: "POST",
            fields: [
                HeaderField("Content-Type", "application/x-www-form-urlencoded"),
                HeaderField("Authorization", "Basic " + Data("\(client):\(secret)".utf8).base64EncodedString()),
            ])
        request.body = .text(Self.form(values))
        return try await http.send(request)
    }

    func userInfo(_ token: String) async throws -> Int {
        try await http.send(harness.request("/oauth2/userinfo", token: token)).status
    }

    private static func form(_ values: [(String, String)]) -> String {
        values.map { "\($0.0)=\(PercentEncoding.encoded($0.1))" }.joined(separator: "&")
    }
}
