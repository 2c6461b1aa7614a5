import Octets
import Policy

/// `require` as read: issuers not yet resolved.
struct RequirementDraft {
    var requirement: Requirement
    var issuers: [Located<String>]
    var scopes: [Located<String>]
    var anyScope: [Located<String>]
    var audiences: [Located<String>]
    var clientCertificatePosition: SourcePosition
    var proofPosition: SourcePosition
}

/// `require` of a route: what a caller must show.
struct RequirementReader {
    let findings: FindingCollector

    /// - Parameter path: of the route, for claims that are compared with what it captures; nil when it cannot be read.
    func read(_ route: MappingReader, path: PathPattern?) -> RequirementDraft? {
        guard let reader = route.nested("require", name: "\"require\" of \(route.name)") else { return nil }
        let issuers = reader.list("issuers", of: .reference) ?? []
        let scopes = reader.list("scopes", of: .scopeToken) ?? []
        let anyScope = reader.list("any_scope", of: .scopeToken) ?? []
        let claims = ClaimRulesReader(findings: findings, path: path).read(reader)
        let audiences = reader.list("audiences", of: .audience) ?? []
        let acr = reader.list("acr", of: .authenticationContext) ?? []
        let maxAge = reader.value("max_age", .duration(.seconds(1) ... .seconds(31_536_000)))
        let (certificate, identities) = clientCertificate(reader)
        let proof = reader.value("proof", ValueKind<ProofRequirement>.word)?.value
        let nonce = reader.flag("dpop_nonce")
        reader.finish()

        if nonce, proof == .mtls {
            reader.error(
                .contradiction, at: "dpop_nonce",
                "\(reader.name): proof: mtls takes no DPoP proofs that could have a nonce; leave dpop_nonce out")
        }
        let needsToken = [
            "scopes", "any_scope", "claims", "audiences", "acr", "max_age", "proof", "dpop_nonce",
        ].first(where: reader.has)
        if !reader.has("issuers") {
            if let needsToken {
                findings.error(
                    .missingKey, at: reader.position,
                    "\(reader.name) has \"\(needsToken)\" but no \"issuers\"; name the trusted issuers")
            } else if !certificate {
                findings.error(
                    .openRoute, at: reader.position,
                    "\(reader.name) requires nothing; name \"issuers\" or say client_certificate: true (or public: true instead of require)"
                )
            }
        }
        for scope in anyScope where scopes.contains(where: { $0.value == scope.value }) {
            findings.warning(
                .contradiction, at: scope.position,
                "\(reader.name): \(Shown.value(scope.value)) is in \"scopes\" already, so \"any_scope\" is always satisfied"
            )
        }
        var requirement = Requirement(
            issuers: [], scopes: scopes.map(\.value), anyScope: anyScope.map(\.value), claims: claims,
            clientCertificate: certificate,
            clientIdentities: identities, audiences: audiences.map(\.value), proof: proof, dpopNonce: nonce)
        requirement.acr = acr.map(\.value)
        requirement.maxAge = maxAge?.value
        return RequirementDraft(
            requirement: requirement,
            issuers: issuers, scopes: scopes, anyScope: anyScope, audiences: audiences,
            clientCertificatePosition: reader.keyPosition("client_certificate"),
            proofPosition: reader.keyPosition("proof"))
    }

    /// `true`, or `{identities: [spiffe://…]}`.
    private func clientCertificate(_ reader: MappingReader) -> (Bool, [UpstreamIdentity]) {
        guard let node = reader.node("client_certificate") else { return (false, []) }
        guard case .mapping = node.content else { return (reader.flag("client_certificate"), []) }
        guard let certificate = reader.nested("client_certificate") else { return (false, []) }
        certificate.require("identities", "name who may call, or say client_certificate: true for every verified one")
        let identities = certificate.list("identities", of: .identity) ?? []
        certificate.finish()
        return (true, identities.map(\.value))
    }
}

/// `claims: {tenant: {equals: acme}, /org/groups: {contains: staff}}`.
struct ClaimRulesReader {
    let findings: FindingCollector
    let path: PathPattern?
    /// False for the rules of an issuer: its tokens come to any path.
    var isOfRoute = true

    /// Claims that have a key of their own, or that the gateway checks by itself.
    private static let taken = [
        "scope": "use \"scopes\" or \"any_scope\"", "iss": "use \"issuers\"", "aud": "use \"audiences\"",
        "exp": "it is always checked",
        "nbf": "it is always checked", "iat": "it is always checked",
    ]

    func read(_ require: MappingReader) -> [ClaimRule] {
        guard let reader = require.nested("claims", expected: "claims such as {tenant: {equals: acme}}") else {
            return []
        }
        reader.refuseEmpty("a claim")
        return reader.entries.flatMap { rules($0, require) }
    }

    private func rules(_ entry: DocumentMember, _ require: MappingReader) -> [ClaimRule] {
        let name = "claim \(Shown.value(entry.key)) in \(require.name)"
        let path: [String]
        do {
            path = try ClaimPath.parse(entry.key)
        } catch {
            findings.error(error.code, at: entry.position, "\(name): \(error.message)")
            return []
        }
        if path.count == 1, let way = Self.taken[path[0]] {
            findings.error(.badValue, at: entry.position, "\(name): \(way)")
            return []
        }
        guard case .mapping = entry.value.content else {
            if !entry.value.isRefused {
                findings.error(
                    .wrongType, at: entry.value.position,
                    "\(name): found \(entry.value.kind), expected a condition such as {equals: acme}, {one_of: [a, b]}, {contains: a} or {matches: \"[a-z]+\"}"
                )
            }
            return []
        }
        guard let reader = MappingReader(entry.value, name: name, at: entry.position, findings: findings) else {
            return []
        }
        let scalar = ValueKind<ClaimScalar>.claimScalar(in: self.path, isOfRoute: isOfRoute)
        var conditions: [ClaimRule.Condition] = []
        if let value = reader.value("equals", scalar) { conditions.append(.equals(value.value)) }
        if let values = reader.list("one_of", of: scalar), !values.isEmpty {
            conditions.append(.oneOf(values.map(\.value)))
        }
        if let value = reader.value("contains", scalar) { conditions.append(.contains(value.value)) }
        if let value = reader.value("matches", .textPattern) { conditions.append(.matches(value.value)) }
        if !["equals", "one_of", "contains", "matches"].contains(where: reader.has) {
            findings.error(
                .missingKey, at: entry.position, "\(name) has no condition; write equals, one_of, contains or matches")
        }
        reader.finish()
        return conditions.map { ClaimRule(claim: path, condition: $0) }
    }
}

extension ValueKind where Value == ClaimScalar {
    /// `true` and `12` mean a boolean and a number as in JSON; what YAML versions disagree about must be quoted. A name
    /// in braces is what the path captured under it.
    static func claimScalar(in path: PathPattern?, isOfRoute: Bool) -> ValueKind {
        ValueKind("a text, a number, true or false") { scalar throws(ValueProblem) in
            let text = scalar.text
            if let name = PathPatternText.captureName(text) {
                guard isOfRoute else {
                    throw ValueProblem(
                        "\"{\(name)}\" is a capture of a path, which only \"claims\" in \"require\" of a route can compare with; for the text itself write matches: '\\{\(name)\\}'"
                    )
                }
                return try capture(name, in: path)
            }
            guard scalar.isPlain else { return .string(text) }
            switch text {
            case "true": return .bool(true)
            case "false": return .bool(false)
            default: break
            }
            if ["yes", "no", "on", "off", "true", "false", "y", "n"].contains(text.lowercased()) {
                throw ValueProblem("\(Shown.value(text)): text or truth? Write it in quotes, or write true or false")
            }
            guard text.utf8.contains(where: { ASCII.isDigit($0) }),
                text.utf8.allSatisfy({ ASCII.isDigit($0) || "+-._eExXoObB:aAcCdDfF".utf8.contains($0) }),
                let first = text.utf8.first, ASCII.isDigit(first) || "+-.".utf8.contains(first)
            else { return .string(text) }
            guard JSONNumberText.isNumber(text), let number = Double(text), number.isFinite else {
                throw ValueProblem("\(Shown.value(text)): text or number? Write it in quotes, or as a number of JSON")
            }
            guard number.magnitude <= 9_007_199_254_740_992 else {
                throw ValueProblem(
                    "\(Shown.value(text)) is too large for a number that JSON readers agree about; tokens carry it as text, so write it in quotes"
                )
            }
            return .number(number)
        }
    }

    private static func capture(_ name: String, in path: PathPattern?) throws(ValueProblem) -> ClaimScalar {
        // What is wrong with the path has been noted.
        guard let path else { return .capture(index: 0, name: name) }
        let captures = path.segments.compactMap(\.capture)
        guard let index = captures.firstIndex(where: { $0.name == name }) else {
            let known = captures.map(\.name)
            let hint = Spelling.nearest(to: name, among: known).map { "; did you mean \"{\($0)}\"?" } ?? ""
            throw ValueProblem(
                "\"{\(name)}\" is no capture of \(Shown.value(path.text))\(hint.isEmpty ? "; for the text itself write matches: '\\{\(name)\\}'" : hint)",
                code: .unknownReference)
        }
        if captures[index].isRest {
            throw ValueProblem(
                "\"{\(name)}\" takes any number of segments; only a capture of one segment can be compared with a claim"
            )
        }
        guard index < PathPattern.capturesRememberedMax else {
            throw ValueProblem(
                "\"{\(name)}\" is capture \(index + 1) of the path, and only the first \(PathPattern.capturesRememberedMax) are remembered"
            )
        }
        return .capture(index: index, name: name)
    }
}

extension PathPattern.Segment {
    fileprivate var capture: (name: String, isRest: Bool)? {
        switch self {
        case .literal: nil
        case .capture(let name): (name, false)
        case .rest(let name): (name, true)
        }
    }
}

extension ValueKind where Value == String {
    /// A value of `acr`, and of `acr_values`, where they stand separated by spaces (OpenID Connect Core §3.1.2.1).
    static var authenticationContext: ValueKind {
        ValueKind("an authentication context such as urn:example:mfa") { scalar throws(ValueProblem) in
            let text = scalar.text
            let isToken = text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
            guard isToken, (1...256).contains(text.utf8.count) else {
                throw ValueProblem(
                    "\(Shown.value(text)) is not a value of \"acr\" (printable ASCII without space, \" and \\); several are a list"
                )
            }
            return text
        }
    }
}

/// RFC 8259 §6.
enum JSONNumberText {
    static func isNumber(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = digits(&rest)
        guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            if digits(&rest).isEmpty { return false }
        }
        if let exponent = rest.first, exponent | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest.removeFirst() }
            if digits(&rest).isEmpty { return false }
        }
        return rest.isEmpty
    }

    private static func digits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let digits = rest.prefix { ASCII.isDigit($0) }
        rest = rest.dropFirst(digits.count)
        return digits
    }
}
