import Foundation
import JSON

/// The requests of the demonstration, and what each of them must answer.
struct Transcript: Sendable {
    struct Client: Sendable {
        var id: String
        var secret: String
    }

    private struct Step {
        var title: String
        var path: String
        var token: String?
        var arguments: [String] = []
        var status: Int
        var code: String?
        /// A field that the answer must have, and what it must contain.
        var field: (name: String, part: String)?
        /// Sent so often before, unseen.
        var before = 0
    }

    /// Requests that leave a record: the token, one for each step, and four unseen exports.
    static let requestCount = 1 + 8 + 4

    let port: Int
    let authorities: String
    let client: Client
    let print: @Sendable (String) -> Void

    private var base: String { "https://localhost:\(port)" }
    /// Another host, so that no service shares the browser's cookies and trust with the pages of the issuer.
    private var api: String { "https://api.localhost:\(port)" }

    /// True: every answer was the expected one.
    func run() async throws -> Bool {
        heading("5. A token (client_credentials, client_secret_basic)")
        let shown =
            "curl --cacert \(authorities) -u demo:$SECRET -d grant_type=client_credentials --data-urlencode 'scope=orders:read payments' \(base)/oauth2/token"
        print("   $ \(shown)")
        let answer = try Curl.run([
            "--cacert", authorities, "--user", "\(client.id):\(client.secret)", "--data",
            "grant_type=client_credentials",
            "--data-urlencode", "scope=orders:read payments", "\(base)/oauth2/token",
        ])
        guard answer.status == 200,
            let token = (try? JSON.parse(Array(answer.body.utf8)))?.object?["access_token"]?.string
        else {
            print("   \(answer.status) \(answer.body)")
            return false
        }
        print("   200 access_token \(token.prefix(24))… (\(token.utf8.count) octets, ES256, at+jwt)")

        heading("6. Calls")
        var good = true
        for step in steps(token) { good = try show(step) && good }
        return good
    }

    private func steps(_ token: String) -> [Step] {
        [
            Step(title: "allowed", path: "/orders/1", token: token, status: 200, field: ("RateLimit", "per_client")),
            Step(
                title: "no token", path: "/orders/1", status: 401, code: "missing_token",
                field: ("WWW-Authenticate", "Bearer")),
            Step(
                title: "a token that somebody tampered with", path: "/orders/1", token: tampered(token), status: 401,
                code: "bad_signature", field: ("WWW-Authenticate", "invalid_token")),
            Step(
                title: "wrong scope", path: "/orders/1", token: token, arguments: ["--request", "DELETE"], status: 403,
                code: "insufficient_scope", field: ("WWW-Authenticate", "orders:write")),
            Step(
                title: "a path in disguise", path: "/orders/%2e%2e/payments", token: token, arguments: ["--path-as-is"],
                status: 400, code: "bad_path"),
            Step(
                title: "a service that cannot prove that it is payments", path: "/payments/7", token: token,
                status: 502,
                code: "wrong_upstream_identity"),
            Step(
                title: "the fifth export within a minute", path: "/orders/export", token: token, status: 200,
                field: ("RateLimit", "exports"), before: 4),
            Step(
                title: "too fast: the sixth", path: "/orders/export", token: token, status: 429, code: "rate_limited",
                field: ("Retry-After", "")),
        ]
    }

    /// The first character of the signature is another one now.
    private func tampered(_ token: String) -> String {
        guard let dot = token.lastIndex(of: "."), token.index(after: dot) < token.endIndex else { return token }
        let place = token.index(after: dot)
        return token[..<place] + (token[place] == "A" ? "B" : "A") + token[token.index(after: place)...]
    }

    private func show(_ step: Step) throws -> Bool {
        for _ in 0..<step.before { _ = try request(step) }
        let answer = try request(step)
        let method = step.arguments.firstIndex(of: "--request").map { "-X \(step.arguments[$0 + 1]) " } ?? ""
        let bearer = step.token == nil ? "" : "-H \"Authorization: Bearer $TOKEN\" "
        print("")
        print("   # \(step.title)")
        print("   $ curl --cacert \(authorities) \(method)\(bearer)\(api)\(step.path)")
        let problem = (try? JSON.parse(Array(answer.body.utf8)))?.object
        let code = problem?["code"]?.string
        var faults: [String] = []
        if answer.status != step.status { faults.append("expected \(step.status)") }
        if let expected = step.code, code != expected { faults.append("expected \(expected)") }
        if let (name, part) = step.field {
            let value = answer.field(name)
            if value == nil || !(part.isEmpty || value?.contains(part) == true) {
                faults.append("expected \(name): …\(part)…")
            }
        }
        print("   \(answer.status) \(code ?? "")")
        for name in ["WWW-Authenticate", "RateLimit", "Retry-After"] {
            if let value = answer.field(name) { print("   \(name): \(value)") }
        }
        if step.status == 200 { print("   \(answer.body.trimmingCharacters(in: .whitespacesAndNewlines))") }
        for fault in faults { print("   NOT AS EXPECTED: \(fault)") }
        return faults.isEmpty
    }

    private func request(_ step: Step) throws -> Curl.Answer {
        var arguments = ["--cacert", authorities] + step.arguments
        if let token = step.token { arguments += ["--header", "Authorization: Bearer \(token)"] }
        return try Curl.run(arguments + ["\(api)\(step.path)"])
    }

    private func heading(_ text: String) {
        print("")
        print(text)
    }

    /// What to try next.
    var hints: [String] {
        [
            "export PORTCULLIS_CLIENT_SECRET=\(client.secret)   # of this demonstration's client",
            "TOKEN=$(curl -s --cacert \(authorities) -u \(client.id):$PORTCULLIS_CLIENT_SECRET -d grant_type=client_credentials -d scope=orders:read \(base)/oauth2/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')",
            "curl -i --cacert \(authorities) -H \"Authorization: Bearer $TOKEN\" \(api)/orders/42",
            "curl -i --cacert \(authorities) \(api)/orders/42",
            "curl -s --cacert \(authorities) \(base)/.well-known/oauth-authorization-server",
        ]
    }
}
