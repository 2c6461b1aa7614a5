internal import JSON
internal import Transport

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
        guard let endpoint = document[name]?.string else { throw TokenFailure("\(url) names no \(name): this server does not have it") }
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

/// Names and values of a form, encoded (RFC 6749 appendix B).
struct FormText {
    private(set) var text = ""

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        if !text.isEmpty { text += "&" }
        text += Self.encoded(name) + "=" + Self.encoded(value)
    }

    static func encoded(_ text: String) -> String {
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
