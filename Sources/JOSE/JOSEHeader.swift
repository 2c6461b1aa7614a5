package import JSON

/// The header of a compact JWS, by the rules of RFC 7515 §4.
///
/// `jwk`, `jku`, `x5u`, `x5c` are not read: a token never brings or names its own key (RFC 8725 §3.10).
package struct JOSEHeader: Sendable {
    /// As the token has it; whether it is one that exists is decided when the signature is.
    package let alg: String
    /// As the token has it, in its own case; nil: it has none.
    package let typ: String?
    /// Only ever compared.
    package let kid: String?
    /// Every member, for tools that show a token.
    package let members: JSONObject

    /// Octets of a header at most: the largest that anybody needs carries a certificate chain.
    private static let limits = JSONLimits(bytesMax: 16_384, depthMax: 8, membersMax: 128)

    /// Names that RFC 7515 §4.1, RFC 7516 §4.1 and RFC 7518 define: an extension cannot have them.
    private static let registered = [
        "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk", "apu",
        "apv",
        "iv", "tag", "p2s", "p2c",
    ]

    init(_ octets: [UInt8]) throws(JOSEError) {
        let value: JSON
        do throws(JSONError) {
            value = try JSON.parse(octets, limits: Self.limits)
        } catch {
            switch error {
            case .duplicateMember: throw .malformed(.headerDuplicateMember)
            case .tooLarge, .tooDeep: throw .tooComplex
            case .syntax, .notUTF8, .loneSurrogate, .numberOutOfRange: throw .malformed(.headerNotJSON)
            }
        }
        guard let members = value.object else { throw .malformed(.headerNotObject) }
        guard let alg = try Self.text("alg", of: members) else { throw .malformed(.missingAlgorithm) }
        self.alg = alg
        typ = try Self.text("typ", of: members)
        kid = try Self.text("kid", of: members)
        try Self.checkCritical(members)
        if members["b64"] != nil { throw .malformed(.unencodedPayload) }
        if members["enc"] != nil || members["zip"] != nil { throw .malformed(.encrypted) }
        if let cty = try Self.text("cty", of: members), Self.namesToken(cty) { throw .malformed(.nested) }
        self.members = members
    }

    private static func text(_ name: String, of members: JSONObject) throws(JOSEError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.string, !text.isEmpty else { throw .malformed(.badHeaderMember) }
        return text
    }

    /// No extension is understood here, so every well-formed `crit` is refused as well; the two are told apart.
    private static func checkCritical(_ members: JSONObject) throws(JOSEError) {
        guard let critical = members["crit"] else { return }
        guard let names = critical.array, !names.isEmpty else { throw .malformed(.badCritical) }
        var seen: [String] = []
        for name in names {
            guard let name = name.string, members[name] != nil,
                !registered.contains(where: { $0.hasSameOctets(as: name) }),
                !seen.contains(where: { $0.hasSameOctets(as: name) })
            else { throw .malformed(.badCritical) }
            seen.append(name)
        }
        throw .malformed(.unknownCritical)
    }

    /// `typ` without regard to case and without `application/` (RFC 7515 §4.1.9); empty when absent.
    package var type: String { Self.short(typ ?? "") }

    /// A media type of tokens, with or without `application/` (RFC 7515 §4.1.10).
    private static func namesToken(_ cty: String) -> Bool {
        let short = short(cty)
        return short == "jwt" || short.hasSuffix("+jwt")
    }

    private static func short(_ mediaType: String) -> String {
        let type = mediaType.lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst("application/".utf8.count)) : type
    }
}
