import HTTP
import JSON
import Outgoing
import Policy
import Transport

/// Where an authorization server has its endpoints, as its metadata says (RFC 8414).
struct IssuerDirectory: Sendable {
    let url: String
    private let document: JSONObject

    static func read(_ issuer: HTTPSIdentifier, _ http: OutgoingHTTP) async throws -> IssuerDirectory {
        let url = issuer.origin + issuer.metadataPath
        let answer = try await http.get(url)
        guard answer.status == 200, let object = (try? JSON.parse(answer.body))?.object else {
            throw TokenFailure("\(url) answered \(answer.status): no authorization server metadata there")
        }
        // RFC 8414 §3.3: the metadata must be that of the issuer that was asked for.
        guard object["issuer"]?.string == issuer.text else {
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
}

extension FormText {
    /// Leaves out what is not there.
    mutating func add(_ name: String, _ value: String?) {
        if let value { add(name, value.utf8) }
    }

    var text: String { String(decoding: octets, as: UTF8.self) }
}
