import AuthorizationRecords
import Crypto
import Foundation
import HTTP
import JOSE
package import JSON
import Octets
import Outgoing
package import Policy
import Transport

/// Obtains an access token for a user at a terminal, as any client would: by the metadata (RFC 8414) and one of the
/// grants.
package struct TokenClient: Sendable {
    private let issuer: HTTPSIdentifier
    private let clientID: String
    /// nil: a public client.
    private let clientSecret: String?
    private let scope: String?
    private let resource: String?
    private let http: OutgoingHTTP
    private let trustsSystem: Bool

    /// - Parameter authorities: PEM file of the authorities to trust; nil: the system's.
    package init(
        issuer: HTTPSIdentifier, clientID: String, clientSecret: String?, scope: String?, resource: String?,
        authorities: String?
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.resource = resource
        http = OutgoingHTTP(authorities: authorities)
        trustsSystem = authorities == nil
    }

    /// RFC 6749 §4.4.
    package func clientCredentials() async throws -> JSON {
        guard clientSecret != nil else { throw TokenFailure("the client_credentials grant needs the client's secret") }
        var form = asked("client_credentials")
        form.add("resource", resource)
        return try await tokens(try await directory(), form)
    }

    /// The code flow with PKCE (RFC 7636) in the user's browser, which comes back to this machine (RFC 8252).
    /// - Parameter open: is given the address to open.
    package func authorizationCode(within timeout: Duration, open: @Sendable (String) -> Void) async throws -> JSON {
        let directory = try await directory()
        let authorization = try directory.endpoint("authorization_endpoint")
        let receiver = try await LoopbackReceiver.start()
        defer { Task { await receiver.stop() } }
        let verifier = RandomText.codeVerifier.make(.system)
        let state = RandomText.requestState.make(.system)
        var query = FormText()
        query.add("response_type", "code")
        query.add("client_id", clientID)
        query.add("redirect_uri", receiver.redirectURI)
        query.add("scope", scope)
        query.add("resource", resource)
        query.add("state", state)
        query.add("code_challenge", Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8)))))
        query.add("code_challenge_method", "S256")
        open(authorization + "?" + query.text)
        guard let answer = await receiver.query(within: timeout), let fields = try? FormFields(Array(answer.utf8))
        else {
            throw TokenFailure("nobody came back from \(authorization) in time")
        }
        // RFC 9207 §2.4: an answer of another server is none; then `state`, then what it says.
        guard fields.values("iss") == [issuer.text], fields.values("state") == [state] else {
            throw TokenFailure("the answer that came back is not for this request; nothing was done with it")
        }
        if let error = fields.values("error").first {
            throw TokenFailure("refused: \(error)\(fields.values("error_description").first.map { ": " + $0 } ?? "")")
        }
        guard let code = fields.values("code").first else {
            throw TokenFailure("the answer that came back has no code")
        }
        var form = FormText()
        form.add("grant_type", "authorization_code")
        form.add("code", code)
        form.add("code_verifier", verifier)
        form.add("redirect_uri", receiver.redirectURI)
        form.add("resource", resource)
        return try await tokens(directory, form)
    }

    /// The device flow (RFC 8628): for a terminal that has no browser beside it.
    /// - Parameter show: is given the address and the code that the user needs.
    package func device(show: @Sendable (_ address: String, _ code: String) -> Void) async throws -> JSON {
        let directory = try await directory()
        var form = FormText()
        form.add("scope", scope)
        form.add("resource", resource)
        let (status, begun) = try await post(try directory.endpoint("device_authorization_endpoint"), form)
        guard status == 200, let code = begun["device_code"]?.string, let userCode = begun["user_code"]?.string,
            let address = begun["verification_uri_complete"]?.string ?? begun["verification_uri"]?.string
        else { throw Self.refusal("the device authorization endpoint", status, begun) }
        show(address, userCode)
        var interval = max(1, begun["interval"]?.int ?? 5)
        let end = Date().timeIntervalSince1970 + Double(begun["expires_in"]?.int ?? 600)
        let endpoint = try directory.endpoint("token_endpoint")
        while Date().timeIntervalSince1970 < end {
            try await Task.sleep(for: .seconds(interval))
            var form = FormText()
            form.add("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
            form.add("device_code", code)
            let (status, answer) = try await post(endpoint, form)
            switch answer["error"]?.string {
            case nil where status == 200: return .object(answer)
            case "authorization_pending": continue
            // RFC 8628 §3.5: for good, not once.
            case "slow_down": interval += 5
            default: throw Self.refusal(endpoint, status, answer)
            }
        }
        throw TokenFailure("nobody entered the code in time")
    }

    /// RFC 6749 §6.
    package func refresh(_ refreshToken: String) async throws -> JSON {
        var form = FormText()
        form.add("grant_type", "refresh_token")
        form.add("refresh_token", refreshToken)
        form.add("resource", resource)
        return try await tokens(try await directory(), form)
    }

    // MARK: Inside

    private func directory() async throws -> IssuerDirectory {
        do { return try await IssuerDirectory.read(issuer, http) } catch let failure as OutgoingHTTP.Failure {
            guard failure.reason == .tlsFailed, trustsSystem else { throw failure }
            throw TokenFailure(
                "\(failure); for a server with a private authority: --cacert FILE, as in --cacert certs/ca.pem")
        }
    }

    private func asked(_ grantType: String) -> FormText {
        var form = FormText()
        form.add("grant_type", grantType)
        form.add("scope", scope)
        return form
    }

    private func tokens(_ directory: IssuerDirectory, _ form: FormText) async throws -> JSON {
        let endpoint = try directory.endpoint("token_endpoint")
        let (status, answer) = try await post(endpoint, form)
        guard status == 200 else { throw Self.refusal(endpoint, status, answer) }
        guard answer["access_token"]?.string != nil else {
            throw TokenFailure("\(endpoint) answered without an access_token")
        }
        return .object(answer)
    }

    /// With the client's own authentication: its secret in the header, or for a public client its id in the form.
    private func post(_ endpoint: String, _ form: FormText) async throws -> (status: Int, answer: JSONObject) {
        var form = form
        var fields: [(String, String)] = []
        if let clientSecret {
            let pair = "\(PercentEncoding.encoded(clientID)):\(PercentEncoding.encoded(clientSecret))"
            fields.append(("Authorization", "Basic \(Data(pair.utf8).base64EncodedString())"))
        } else {
            form.add("client_id", clientID)
        }
        let answer = try await http.postForm(endpoint, form: form.octets, fields: fields)
        guard let object = (try? JSON.parse(answer.body))?.object else {
            throw TokenFailure("\(endpoint) answered \(answer.status) without a JSON document")
        }
        return (answer.status, object)
    }

    private static func refusal(_ place: String, _ status: Int, _ answer: JSONObject) -> TokenFailure {
        let error = answer["error"]?.string ?? answer["code"]?.string ?? "status \(status)"
        let detail = answer["error_description"]?.string ?? answer["detail"]?.string ?? ""
        return TokenFailure("\(place) refused: \(error)\(detail.isEmpty ? "" : ": \(detail)")")
    }
}
