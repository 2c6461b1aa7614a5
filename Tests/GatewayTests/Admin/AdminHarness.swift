import Foundation
import GatewayTesting
import JSON

/// A gateway with the management interface, and somebody whose token may use it.
struct AdminHarness: Sendable {
    let base: GatewayHarness
    let token: String

    /// - Parameters:
    ///   - foreign: a second listener, on 0.0.0.0.
    ///   - scopes: what the operator's client has.
    static func run<Value: Sendable>(
        admin: String = "{}", foreign: Bool = false, runner: (any GatewayRunner)? = nil,
        scopes: [String] = ["admin:read", "admin:write"],
        _ body: (AdminHarness) async throws -> Value
    ) async throws -> Value {
        try await GatewayHarness.runOwnIssuer(
            server: ["admin: \(admin)"], runner: runner, edit: { foreign ? Self.withForeignListener($0) : $0 }
        ) { base, _ in
            let operatorClient = try await add("operator", scopes: scopes, in: base)
            return try await body(AdminHarness(base: base, token: try await obtain(operatorClient, in: base)))
        }
    }

    private static func withForeignListener(_ text: String) -> String {
        guard let begin = text.range(of: "  - address: "), let end = text.range(of: "client-ca.pem\n") else {
            return text
        }
        let listener = text[begin.lowerBound..<end.upperBound].replacing(/127\.0\.0\.1:[0-9]+/, with: "0.0.0.0:0")
        return text.replacingCharacters(in: end.upperBound..<end.upperBound, with: listener)
    }

    struct Client {
        let id: String
        let secret: String
    }

    static func add(_ id: String, scopes: [String], in base: GatewayHarness) async throws -> Client {
        let run = try await Portcullis.run(
            ["client", "add", id, "--json"] + scopes.flatMap { [$0 == "admin" ? "--unlisted-scope" : "--scope", $0] },
            in: base.gateway.folder)
        guard run.status == 0, let secret = try JSON.parse(Array(run.output.utf8)).object?["client_secret"]?.string
        else {
            throw GatewayRefusedToStart(reasons: [run.errors])
        }
        return Client(id: id, secret: secret)
    }

    static func obtain(_ client: Client, in base: GatewayHarness) async throws -> String {
        var request = base.request(
            "/oauth2/token", method: "POST", fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        request.fields.append(
            HeaderField("Authorization", "Basic " + Data("\(client.id):\(client.secret)".utf8).base64EncodedString()))
        request.body = .text("grant_type=client_credentials")
        let answer = try await base.client().send(request)
        guard let token = try JSON.parse(answer.body).object?["access_token"]?.string else {
            throw GatewayRefusedToStart(reasons: [answer.text])
        }
        return token
    }

    /// One request to the interface, as the operator unless another token is given.
    func send(
        _ method: String, _ target: String, _ body: JSONObject? = nil, ifMatch: String? = nil,
        token other: String?? = nil,
        fields: [HeaderField] = [], on client: CurlClient? = nil, port: Int? = nil
    ) async throws -> CurlResponse {
        var request = base.request("/admin/v1/" + target, method: method, token: other ?? token, fields: fields)
        if let port { request.url = "https://localhost:\(port)/admin/v1/" + target }
        if let ifMatch { request.fields.append(HeaderField("If-Match", ifMatch)) }
        if let body {
            request.fields.append(HeaderField("Content-Type", "application/json"))
            request.body = .text(String(decoding: JSON.object(body).serialized(), as: UTF8.self))
        }
        return try await (client ?? base.gateway.client(port: port)).send(request)
    }

    static func client(_ id: String) -> JSONObject {
        ["client_id": .string(id), "grant_types": ["client_credentials"], "scope": "orders:read"]
    }
}

extension CurlResponse {
    var object: JSONObject { (try? JSON.parse(body))?.object ?? [:] }
}
