import HTTP
import JSON
import Outgoing
import Transport

/// Where an authorization server has its endpoints, as its metadata says (RFC 8414).
struct IssuerDirectory: Sendable {
    let url: String
    private let document: JSONObject

    static func read(_ issuer: String, _ http: OutgoingHTTP) async throws -> IssuerDirectory {
        let (origin, path) = try split(issuer)
        let url = origin + "/.well-known/oauth-authorization-server" + path
        let answer = try await http.get(url)
        guard answer.status == 200, let object = (try? JSON.parse(answer.body))?.object else {
            throw TokenFailure("\(url) answered \(answer.status): no authorization server metadata there")
        }
        // RFC 8414 §3.3: the metadata must be that of the issuer that was asked for.
        guard object["issuer"]?.string == issuer else {
            throw TokenFailure("\(url) belongs to another issuer: \(object["issuer"]?.string ?? "none")")
        }
        return IssuerDirectory(url: url, document: object)
    }

    /// - Parameter name: a member of the metadata.
    func endpoint(_ name: String) throws -> String {
        guard let endpoint = document[name]?.string else {
            throw TokenFailure("\(url) names no \(name): this server does not have it")
        }
        return endpoint
    }

    /// `https://host:port` and the path without its last slash (RFC 8414 §3.1).
    private static func split(_ issuer: String) throws -> (String, String) {
        let scheme = "https://"
        guard issuer.hasPrefix(scheme) else { throw TokenFailure("\(issuer): an issuer is an https URL") }
        let rest = issuer.dropFirst(scheme.count)
        guard let slash = rest.firstIndex(of: "/") else { return (issuer, "") }
        let path = rest[slash...]
        return (scheme + rest[..<slash], path.hasSuffix("/") ? String(path.dropLast()) : String(path))
    }
}

extension FormText {
    /// Leaves out what is not there.
    mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value.utf8) }
    }

    var text: String { String(decoding: octets, as: UTF8.self) }

    static func encoded(_ text: String) -> String { String(decoding: encoded(text.utf8), as: UTF8.self) }
}
