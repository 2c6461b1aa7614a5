internal import Foundation
package import JSON
internal import Transport

/// Obtains an access token for a person at a terminal, as any client would: metadata (RFC 8414), then the token endpoint
/// (RFC 6749 §4.4).
package struct TokenRequest: Sendable {
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let issuer: String
    private let clientID: String
    private let clientSecret: String
    private let scope: String?
    private let resource: String?
    private let http: OutgoingHTTP

    /// - Parameter authorities: PEM file of the authorities to trust; nil: the system's.
    package init(
        issuer: String, clientID: String, clientSecret: String, scope: String?, resource: String?, authorities: String?
    ) {
        self.issuer = issuer
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scope = scope
        self.resource = resource
        http = OutgoingHTTP(authorities: authorities)
    }

    /// The token response, as the server sent it.
    package func send() async throws -> JSON {
        let endpoint = try await tokenEndpoint()
        var form = "grant_type=client_credentials"
        if let scope { form += "&scope=" + Self.encoded(scope) }
        if let resource { form += "&resource=" + Self.encoded(resource) }
        let credentials = Data("\(Self.encoded(clientID)):\(Self.encoded(clientSecret))".utf8).base64EncodedString()
        let answer = try await http.postForm(
            endpoint, form: Array(form.utf8), fields: [("Authorization", "Basic \(credentials)")])
        guard let document = try? JSON.parse(answer.body), let object = document.object else {
            throw Failure(description: "\(endpoint) answered \(answer.status) without a JSON document")
        }
        guard answer.status == 200 else {
            let error = object["error"]?.string ?? object["code"]?.string ?? "status \(answer.status)"
            let detail = object["error_description"]?.string ?? object["detail"]?.string ?? ""
            throw Failure(description: "\(endpoint) refused: \(error)\(detail.isEmpty ? "" : ": \(detail)")")
        }
        guard object["access_token"]?.string != nil else {
            throw Failure(description: "\(endpoint) answered without an access_token")
        }
        return document
    }

    private func tokenEndpoint() async throws -> String {
        let (origin, path) = try Self.split(issuer)
        let url = origin + "/.well-known/oauth-authorization-server" + path
        let answer = try await http.get(url)
        guard answer.status == 200, let object = (try? JSON.parse(answer.body))?.object else {
            throw Failure(description: "\(url) answered \(answer.status): no authorization server metadata there")
        }
        // RFC 8414 §3.3: the metadata must be that of the issuer that was asked for.
        guard object["issuer"]?.string == issuer else {
            throw Failure(description: "\(url) belongs to another issuer: \(object["issuer"]?.string ?? "none")")
        }
        guard let endpoint = object["token_endpoint"]?.string else {
            throw Failure(description: "\(url) names no token_endpoint")
        }
        return endpoint
    }

    /// `https://host:port` and the path without its last slash (RFC 8414 §3.1).
    private static func split(_ issuer: String) throws -> (String, String) {
        let scheme = "https://"
        guard issuer.hasPrefix(scheme) else { throw Failure(description: "\(issuer): an issuer is an https URL") }
        let rest = issuer.dropFirst(scheme.count)
        guard let slash = rest.firstIndex(of: "/") else { return (issuer, "") }
        let path = rest[slash...]
        return (scheme + rest[..<slash], path.hasSuffix("/") ? String(path.dropLast()) : String(path))
    }

    /// RFC 6749 appendix B.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var out = ""
        for octet in text.utf8 {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                out.unicodeScalars.append(Unicode.Scalar(octet))
            default:
                out.unicodeScalars.append("%")
                out.unicodeScalars.append(digits[Int(octet >> 4)])
                out.unicodeScalars.append(digits[Int(octet & 15)])
            }
        }
        return out
    }
}
