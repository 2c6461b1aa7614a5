import Foundation
import JSON

/// An authorization server that nobody here wrote: glewlwyd from Debian, run as a program with a database of its own.
/// It signs RS256, issues `at+jwt`, publishes metadata and keys, and can be asked about its tokens (`scripts/prepare
/// test` installs it).
package final class Glewlwyd: Sendable {
    /// As the gateway's policy must have it.
    package let issuer: String
    /// In its tokens.
    package let audience = "https://api.example.com"
    /// It lets a client ask about its own tokens.
    package let clientID = "app"
    /// Known to this installation only, which ends with the test.
    package let clientSecret = "secret-of-app"
    private let folder: TemporaryFolder
    private let process: ChildProcess
    private let client: CurlClient
    private let origin: String

    /// What it did not do, in a sentence.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// It shows the certificate of `orders` (localhost), vouched for by the authority of upstreams.
    package static func start(_ certificates: TestCertificates) async throws -> Glewlwyd {
        let folder = try TemporaryFolder("portcullis-glewlwyd")
        try folder.write(certificates.orders.chain, to: "tls.pem")
        try folder.write(certificates.orders.key, to: "tls.key", permissions: 0o600)
        try folder.write("", to: "middleware/none")
        let script = """
            gzip -dc /usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz | sqlite3 glewlwyd.db
            openssl genrsa -out signing.key 2048 && openssl rsa -in signing.key -pubout -out signing.pem
            """
        let preparing = try ChildProcess.start("/bin/sh", ["-ec", script], in: folder.url.path)
        guard try await preparing.waitForExit() == 0 else {
            throw Failure(description: "glewlwyd cannot be prepared (scripts/prepare test): \(preparing.errors)")
        }
        let port = try TestUpstream.unusedPort()
        try folder.write(configuration(folder, port: port), to: "glewlwyd.conf")
        let process = try ChildProcess.start("/usr/bin/glewlwyd", ["-c", "glewlwyd.conf"], in: folder.url.path)
        let settings = CurlSettings(authorities: certificates.upstreamAuthority.pem, port: port)
        let server = Glewlwyd(folder, process, try CurlClient(settings), port: port)
        try await server.prepare()
        return server
    }

    private init(_ folder: TemporaryFolder, _ process: ChildProcess, _ client: CurlClient, port: Int) {
        self.folder = folder
        self.process = process
        self.client = client
        origin = "https://localhost:\(port)"
        issuer = origin + "/api/oidc"
    }

    private static func configuration(_ folder: TemporaryFolder, port: Int) -> String {
        """
        port=\(port)
        bind_address="127.0.0.1"
        external_url="https://localhost:\(port)"
        login_url="login.html"
        api_prefix="api"
        static_files_path="/usr/share/glewlwyd/webapp/"
        log_mode="console"
        log_level="ERROR"
        cookie_domain="localhost"
        cookie_secure=1
        session_expiration=3600
        session_key="GLEWLWYD2_SESSION_ID"
        admin_scope="g_admin"
        profile_scope="g_profile"
        user_module_path="/usr/lib/glewlwyd/user"
        user_middleware_module_path="\(folder.path("middleware"))"
        client_module_path="/usr/lib/glewlwyd/client"
        user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
        plugin_module_path="/usr/lib/glewlwyd/plugin"
        use_secure_connection=true
        secure_connection_key_file="\(folder.path("tls.key"))"
        secure_connection_pem_file="\(folder.path("tls.pem"))"
        hash_algorithm = "SHA512"
        database = { type = "sqlite3" path = "\(folder.path("glewlwyd.db"))" };

        """
    }

    // MARK: Its administration

    private func prepare() async throws {
        let login: JSON = ["username": "admin", "password": "password"]
        let session = try await eventually("glewlwyd to answer") {
            let answer = try? await self.client.post(
                self.origin + "/api/auth/", fields: [HeaderField("Content-Type", "application/json")],
                .octets(login.serialized()))
            return answer?.fields.value("set-cookie")?.split(separator: ";").first.map(String.init)
        }
        let key = String(decoding: try folder.read("signing.key"), as: UTF8.self)
        let certificate = String(decoding: try folder.read("signing.pem"), as: UTF8.self)
        try await administer(
            "mod/plugin/", session, Self.plugin(issuer: issuer, audience: audience, key: key, certificate: certificate))
        try await administer(
            "scope/", session,
            [
                "name": "orders", "display_name": "orders", "password_required": false, "password_max_age": 0,
                "scheme": [:],
            ])
        try await administer(
            "client/?source=database", session,
            [
                "client_id": .string(clientID), "name": "app", "confidential": true, "enabled": true,
                "password": .string(clientSecret), "client_secret": .string(clientSecret),
                "authorization_type": ["client_credentials"], "scope": ["orders"], "redirect_uri": [],
                "token_endpoint_auth_method": ["client_secret_basic"], "resource": [.string(audience)],
            ])
    }

    private static func plugin(issuer: String, audience: String, key: String, certificate: String) -> JSON {
        let off = [
            "auth-type-code-enabled", "auth-type-token-enabled", "auth-type-id-token-enabled", "auth-type-none-enabled",
            "auth-type-password-enabled", "auth-type-device-enabled", "auth-type-refresh-enabled",
            "refresh-token-rolling",
            "request-parameter-allow", "pkce-allowed", "session-management-allowed",
            "resource-scope-and-client-property",
            "resource-change-allowed",
        ]
        let empty = ["scope", "additional-parameters", "claims", "jwks-x5c"]
        var parameters: JSONObject = [
            "iss": .string(issuer), "jwt-type": "rsa", "jwt-key-size": "256", "key": .string(key),
            "cert": .string(certificate),
            "access-token-duration": 3_600, "refresh-token-duration": 3_600, "code-duration": 600,
            "allow-non-oidc": true,
            "auth-type-client-enabled": true, "introspection-revocation-allowed": true,
            "introspection-revocation-allow-target-client": true, "jwks-show": true, "allowed-scope": ["openid"],
            "subject-type": "public", "resource-allowed": true, "resource-client-property": "resource",
            "resource-scope": ["orders": [.string(audience)]],
        ]
        for name in off { parameters[name] = false }
        for name in empty { parameters[name] = [] }
        return ["module": "oidc", "name": "oidc", "display_name": "OIDC", "parameters": .object(parameters)]
    }

    private func administer(_ path: String, _ session: String, _ body: JSON) async throws {
        let fields = [HeaderField("Content-Type", "application/json"), HeaderField("Cookie", session)]
        let answer = try await client.post(origin + "/api/" + path, fields: fields, .octets(body.serialized()))
        guard answer.status == 200 else {
            throw Failure(description: "glewlwyd: \(path) answered \(answer.status) \(answer.text)")
        }
    }

    // MARK: Tokens

    /// RFC 6749 §4.4, RFC 8707
    package func token() async throws -> String {
        let answer = try await post(
            "token", "grant_type=client_credentials&scope=orders&resource=https%3A%2F%2Fapi.example.com")
        guard let token = (try? JSON.parse(answer.body))?.object?["access_token"]?.string else {
            throw Failure(description: "glewlwyd issued nothing: \(answer.status) \(answer.text)")
        }
        return token
    }

    /// RFC 7009
    package func revoke(_ token: String) async throws {
        let answer = try await post("revoke", "token=\(token)&token_type_hint=access_token")
        guard answer.status == 200 else { throw Failure(description: "glewlwyd revoked nothing: \(answer.status)") }
    }

    private func post(_ path: String, _ form: String) async throws -> CurlResponse {
        let pair = Data("\(clientID):\(clientSecret)".utf8).base64EncodedString()
        let fields = [
            HeaderField("Content-Type", "application/x-www-form-urlencoded"),
            HeaderField("Authorization", "Basic \(pair)"),
        ]
        return try await client.post(issuer + "/" + path, fields: fields, .text(form))
    }
}
