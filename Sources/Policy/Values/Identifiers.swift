import Octets

/// An `https` URL used as a name: compared code point by code point, never fetched as it is.
package struct HTTPSIdentifier: Hashable, Sendable {
    /// The whole of it, as written: this is what is compared.
    package let text: String
    /// Host and port as the text writes them.
    package let authority: String
    /// Lower case, without port; an IPv6 address in brackets.
    package let host: String
    /// 443 where none is written.
    package let port: Int
    /// With its leading slash, or empty.
    package let path: String

    /// Scheme, host and port as the text writes them: what paths are appended to.
    package var origin: String { "https://" + authority }

    /// The same as browsers write it in `Origin` (RFC 6454 §6.2): lower case, without the port of https.
    package var webOrigin: String { "https://" + host + (port == 443 ? "" : ":\(port)") }

    /// Where the authorization server of this name has its metadata: the well-known path, and behind it the path of the
    /// name without its last slash (RFC 8414 §3.1).
    package var metadataPath: String { AuthorizationServerEndpoint.metadataWellKnownPath + pathWithoutLastSlash }

    /// The same for OpenID Connect: behind the path of the name without its last slash (Discovery §4.1).
    package var openIDMetadataPath: String { pathWithoutLastSlash + AuthorizationServerEndpoint.openIDWellKnownPath }

    private var pathWithoutLastSlash: String { path.hasSuffix("/") ? String(path.dropLast()) : path }

    /// RFC 8414 §2: https, no query, no fragment.
    package init(_ text: String) throws(ValueProblem) {
        guard text.hasPrefix("https://") else {
            throw ValueProblem(
                "found \(Shown.value(text)), expected an issuer identifier that begins with https:// (RFC 8414 §2)")
        }
        if text.contains("?") || text.contains("#") {
            throw ValueProblem("\(Shown.value(text)): an issuer identifier has no query and no fragment (RFC 8414 §2)")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), !text.contains("@"), text.utf8.count <= 512
        else {
            throw ValueProblem(
                "\(Shown.value(text)) is not an issuer identifier: printable ASCII without user, 512 octets at most")
        }
        guard !text.utf8.contains(where: { #""<>\"#.utf8.contains($0) }) else {
            throw ValueProblem(#"\#(Shown.value(text)): an address has no " < > \ (RFC 3986 §2)"#)
        }
        let rest = text.dropFirst("https://".count)
        let authority = rest.prefix { $0 != "/" }
        self.text = text
        self.authority = String(authority)
        path = String(rest.dropFirst(authority.count))
        guard authority.hasSuffix("]") || !authority.contains(":") else {
            let address = try AuthorityText.parse(
                String(authority), portMin: 1, example: "https://login.example.com:8443")
            host = address.host.contains(":") ? "[\(address.host)]" : address.host
            port = address.port
            return
        }
        let host = authority.lowercased()
        if host.hasPrefix("[") {
            guard IPAddressText.isIPv6(host.dropFirst().dropLast()) else {
                throw ValueProblem("\(Shown.value(host)) is not an IPv6 address")
            }
        } else if let problem = HostName.problem(host) {
            throw ValueProblem(problem)
        }
        self.host = host
        port = 443
    }
}

extension ValueKind where Value == HTTPSIdentifier {
    /// RFC 8414 §2: https, no query, no fragment.
    package static var issuerIdentifier: ValueKind {
        ValueKind("an issuer identifier such as https://login.example.com") { scalar throws(ValueProblem) in
            try HTTPSIdentifier(scalar.text)
        }
    }
}

/// The issuer identifier of the built-in authorization server (RFC 8414 §2), parsed once, when the policy is read: what
/// is served, published and compared follows from this value. Its metadata lies where a route can lead.
package struct IssuerIdentifier: Hashable, Sendable {
    /// As a name like any other.
    package let identifier: HTTPSIdentifier

    /// nil if its path has empty segments, captures or anything that a request's path has in its normal form only.
    package init?(_ identifier: HTTPSIdentifier) {
        guard let segments = try? PathPatternText.parse(identifier.metadataPath).segments else { return nil }
        let isPlain = segments.allSatisfy {
            if case .literal(let text) = $0 {
                !text.isEmpty && !text.contains(";") && !text.contains("%")
            } else {
                false
            }
        }
        guard isPlain else { return nil }
        self.identifier = identifier
    }

    /// What `iss` is, code point by code point.
    package var text: String { identifier.text }
    /// Scheme, host and port as the text writes them.
    package var origin: String { identifier.origin }
    /// The same as browsers write it in `Origin` (RFC 6454 §6.2).
    package var webOrigin: String { identifier.webOrigin }
    /// Host and port as the text writes them.
    package var authority: String { identifier.authority }
    /// The host that serves the endpoints: lower case, without port.
    package var host: String { identifier.host }
    /// Where the metadata lies (RFC 8414 §3.1).
    package var metadataPath: String { identifier.metadataPath }
    /// Where the metadata lies for OpenID Connect (Discovery §4.1).
    package var openIDMetadataPath: String { identifier.openIDMetadataPath }

    /// The URL of an endpoint.
    package func address(of endpoint: AuthorizationServerEndpoint) -> String { origin + endpoint.path(issuer: self) }
}

extension ValueKind where Value == String {
    /// What must stand in `aud` (RFC 7519 §4.1.3: any text; a URI where it holds a colon).
    package static var audience: ValueKind {
        ValueKind("an audience") { scalar throws(ValueProblem) in
            let audience = try text.parse(scalar)
            if audience == "*" {
                throw ValueProblem("\"*\" is no audience: a token must say that it is meant for this gateway")
            }
            guard audience.utf8.count <= 512 else { throw ValueProblem("an audience has 512 octets at most") }
            return audience
        }
    }

    /// RFC 9110 §8.3.1, without parameters; lower case.
    package static var mediaType: ValueKind {
        ValueKind("a media type such as application/octet-stream") { scalar throws(ValueProblem) in
            let type = scalar.text.lowercased()
            let parts = type.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts.allSatisfy(FieldName.isToken), type.utf8.count <= 128 else {
                throw ValueProblem(
                    "\(Shown.value(scalar.text)) is not a media type such as application/octet-stream, without parameters"
                )
            }
            return type
        }
    }

    /// A media type's subtype as it stands in `typ`, lower-cased; `absent` for tokens without one.
    package static var tokenType: ValueKind {
        ValueKind("a token type such as at+jwt") { scalar throws(ValueProblem) in
            var type = scalar.text.lowercased()
            if type == "absent" { return "" }
            if ["none", "null", "nil", "missing", "empty"].contains(type) {
                throw ValueProblem("no token has the type \(Shown.value(scalar.text)); did you mean \"absent\"?")
            }
            if ["any", "all", "*"].contains(type) {
                throw ValueProblem(
                    "\(Shown.value(scalar.text)) would be a type of that name; name each, as in [at+jwt, JWT, absent]")
            }
            if type.hasPrefix("application/") { type.removeFirst("application/".count) }
            guard FieldName.isToken(type), type.utf8.count <= 64 else {
                throw ValueProblem("\(Shown.value(scalar.text)) is not a token type such as at+jwt, JWT or absent")
            }
            // RFC 9701 §8.1: what an issuer says of a token is none.
            guard type != "token-introspection+jwt" else {
                throw ValueProblem("token-introspection+jwt is an issuer's answer about a token, never an access token")
            }
            guard
                !["dpop+jwt", "logout+jwt", "secevent+jwt", "oauth-authz-req+jwt", "client-authentication+jwt"]
                    .contains(type)
            else { throw ValueProblem("\(type) is the type of another kind of JWT, never of an access token") }
            return type
        }
    }
}

extension ValueKind where Value == UpstreamIdentity {
    /// `spiffe://trust.domain/path` or `dns:name`.
    package static var identity: ValueKind {
        ValueKind("an identity such as spiffe://example.org/orders or dns:orders.internal") {
            scalar throws(ValueProblem) in
            let text = scalar.text
            if text.hasPrefix("spiffe://") {
                if let problem = SPIFFEID.problem(text) { throw ValueProblem("\(Shown.value(text)): \(problem)") }
                return .spiffe(text)
            }
            if text.hasPrefix("dns:") {
                let name = text.dropFirst(4).lowercased()
                if name.contains("*") {
                    throw ValueProblem("\(Shown.value(text)): an identity is one name, without a star")
                }
                if let problem = HostName.problem(name) { throw ValueProblem(problem) }
                if IPAddressText.isIPv4(name) {
                    throw ValueProblem("\(Shown.value(text)): an IP address is no DNS name")
                }
                return .dns(name)
            }
            throw ValueProblem("found \(Shown.value(text)), expected spiffe://TRUST-DOMAIN/PATH or dns:NAME")
        }
    }
}

/// SPIFFE-ID standard §2.
enum SPIFFEID {
    static func problem(_ text: String) -> String? {
        guard text.utf8.count <= 2_048 else { return "a SPIFFE ID has 2048 octets at most" }
        let parts = text.dropFirst("spiffe://".count).split(separator: "/", omittingEmptySubsequences: false)
        let isDomain = (1...255).contains(parts[0].utf8.count) && parts[0].utf8.allSatisfy { isLower($0) || isMark($0) }
        guard isDomain else { return "the trust domain may hold a-z, 0-9, dot, hyphen and underscore" }
        guard parts.count > 1 else { return "it names a trust domain but no workload; add a path" }
        for part in parts.dropFirst() {
            guard !part.isEmpty, part != ".", part != ".." else { return "its path has an empty, . or .. segment" }
            guard part.utf8.allSatisfy({ isLower($0) || isMark($0) || (0x41...0x5A).contains($0) }) else {
                return "its path may hold letters, digits, dot, hyphen and underscore"
            }
        }
        return nil
    }

    private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || ASCII.isDigit(byte) }
    private static func isMark(_ byte: UInt8) -> Bool { byte == 0x2D || byte == 0x2E || byte == 0x5F }
}

/// A claim's place in a token: its name, or a JSON Pointer (RFC 6901) when it lies deeper: `/org/tenant`.
package enum ClaimPath {
    static let depthMax = 8

    /// Names from the outermost to the innermost; `depthMax` at most. A name that begins with a slash needs the pointer
    /// form.
    package static func parse(_ text: String) throws(ValueProblem) -> [String] {
        guard !text.isEmpty, text.utf8.count <= 256 else { throw ValueProblem("a claim's name has 1 to 256 octets") }
        guard text.hasPrefix("/") else { return [text] }
        var path: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            var name = ""
            var rest = part[...]
            while let character = rest.popFirst() {
                guard character == "~" else {
                    name.append(character)
                    continue
                }
                switch rest.popFirst() {
                case "0": name.append("~")
                case "1": name.append("/")
                default:
                    throw ValueProblem(
                        "\(Shown.value(text)): in a JSON Pointer ~ is written ~0 and / is written ~1 (RFC 6901 §3)")
                }
            }
            guard !name.isEmpty else {
                throw ValueProblem("\(Shown.value(text)): a name in this JSON Pointer is empty")
            }
            path.append(name)
        }
        guard path.count <= depthMax else {
            throw ValueProblem("\(Shown.value(text)): a claim lies \(depthMax) levels deep at most")
        }
        return path
    }

    /// As it is written.
    static func text(_ path: [String]) -> String {
        if path.count == 1, let name = path.first, !name.hasPrefix("/") { return name }
        return path.map { name in
            "/" + name.map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
        }.joined()
    }
}
