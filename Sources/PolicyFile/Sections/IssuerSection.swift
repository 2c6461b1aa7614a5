import HTTP
import JOSE
import Policy

/// An issuer as read, with what the checks between sections need.
struct IssuerDraft {
    var issuer: Issuer
    var isEmbedded: Bool
}

/// `issuers`: who is trusted to issue tokens.
struct IssuerSection {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities
    let authorizationServer: AuthorizationServerDraft?

    private static let skewRange: ClosedRange<Duration> = .zero ... .seconds(60)
    private static let skewDefault: Duration = .seconds(15)

    func read(_ root: MappingReader) -> NamedSection<IssuerDraft> {
        let section = NamedSection<IssuerDraft>.read(root, "issuers", noun: "issuer") { name, reader in
            reader.flag("embedded") ? embedded(name, reader) : external(name, reader)
        }
        var seen: [String: String] = [:]
        for entry in section.entries {
            guard let issuer = entry.value?.issuer else { continue }
            for identifier in [issuer.identifier] + issuer.aliases {
                if let other = seen[identifier] {
                    context.findings.error(
                        .duplicateValue, at: entry.name.position,
                        "issuer \"\(entry.name.value)\" has the identifier of issuer \"\(other)\"; a token's \"iss\" must lead to one issuer"
                    )
                }
                seen[identifier] = entry.name.value
            }
        }
        return section
    }

    /// `{embedded: true}`: everything else is known from `authorization_server`.
    private func embedded(_ name: Located<String>, _ reader: MappingReader) -> IssuerDraft? {
        let ofServer = [
            "issuer", "jwks", "algorithms", "types", "scope_claim", "scope_form", "aliases", "tenants", "tokens",
            "introspection", "audience_claim", "claims", "insecure_accept_id_tokens",
        ]
        for key in ofServer + KeyFetchingReader.keys where reader.has(key) {
            reader.error(
                .contradiction, at: key,
                "\"\(key)\" in \(reader.name): an embedded issuer takes this from authorization_server")
        }
        let audiences = reader.list("audience", of: .audience, orOne: true)
        let skew = reader.value("clock_skew", .duration(Self.skewRange), default: Self.skewDefault)
        let scopeMatch = reader.value("scope_match", ValueKind<ScopeMatch>.word, default: .exact)
        let listed = reader.value("listed", .flag, default: true)
        let (nonce, proofs) = dpop(reader, by: authorizationServer?.settings?.profile ?? .standard)
        guard let server = authorizationServer else {
            reader.error(
                .missingKey, at: "embedded",
                "\(reader.name) is embedded, but there is no section \"authorization_server\"; add it")
            return nil
        }
        guard let settings = server.settings else { return nil }
        if let audiences, !audiences.contains(where: { $0.value == settings.audience }) {
            reader.warning(
                .unsatisfiable, at: "audience",
                "\(reader.name): its tokens are made for \(Shown.value(settings.audience)) unless a client asks for another, and that is not in this list"
            )
        }
        var issuer = Issuer(
            name: name.value, identifier: settings.issuer.text, keys: .embedded,
            audiences: audiences?.map(\.value) ?? [settings.audience],
            algorithms: settings.signingAlgorithms, types: ["at+jwt"], clockSkew: skew, dpopNonce: nonce,
            dpopAlgorithms: proofs)
        issuer.scopeMatch = scopeMatch
        issuer.listed = listed
        return IssuerDraft(issuer: issuer, isEmbedded: true)
    }

    private func external(_ name: Located<String>, _ reader: MappingReader) -> IssuerDraft? {
        reader.require("issuer", "name its issuer identifier (the \"iss\" of its tokens), or say embedded: true")
        let judgement = reader.value("tokens", ValueKind<TokenJudgement>.word, default: .jwt)
        let asking = IntrospectionReader(context: context, files: files, insecurities: insecurities)
        let verifies = judgement != .introspection || asking.wantsJWT(reader)
        if verifies { reader.require("algorithms", "name what it signs with, as in [ES256]") }
        if !reader.has("audience") {
            reader.findings.error(
                .missingAudience, at: reader.position,
                "\(reader.name) has no \"audience\"; without it a token that was made for any other service would count here"
            )
        }
        let identifier = reader.value("issuer", .issuerIdentifier)
        let audiences = reader.list("audience", of: .audience, orOne: true)
        let audienceClaim = reader.value("audience_claim", .claimPath)
        let claims = ClaimRulesReader(findings: context.findings, path: nil, isOfRoute: false).read(reader)
        let acceptsIDTokens = insecurities.accept(
            "insecure_accept_id_tokens", in: reader, path: "issuers.\(name.value)", code: .idTokens,
            meaning:
                "ID tokens count as access tokens; every application that users log in to has one, and could call with it in their name"
        )
        let algorithms = reader.list("algorithms", of: .algorithm)
        let types = reader.list("types", of: .tokenType)
        let skew = reader.value("clock_skew", .duration(Self.skewRange), default: Self.skewDefault)
        let scopeClaim = reader.value("scope_claim", .claimPath)
        let scopeForm = reader.value("scope_form", ValueKind<ScopeForm>.word, default: .words)
        let scopeMatch = reader.value("scope_match", ValueKind<ScopeMatch>.word, default: .exact)
        let listed = reader.value("listed", .flag, default: true)
        let (nonce, proofs) = dpop(reader)
        let tenants = reader.list("tenants", of: .tenant)
        let aliases = reader.list("aliases", of: .issuerIdentifier)
        checkTemplates([identifier].compactMap { $0 } + (aliases ?? []), tenants, reader)
        if !verifies { asking.refuseKeysUnneeded(reader) }
        let asksByDiscovery = asking.isByDiscovery(reader, judgement)
        let found = keys(
            reader, name.value, identifier?.value, algorithms: algorithms ?? [], verifies: verifies,
            asks: asksByDiscovery)
        let introspection = asking.read(
            reader, name: name.value, judgement: judgement, keys: found?.keys, way: found?.way)
        guard let identifier, let audiences, algorithms != nil || !verifies, let keys = found?.keys,
            judgement == .jwt || introspection != nil
        else { return nil }
        var issuer = Issuer(
            name: name.value, identifier: identifier.value.text, keys: keys, audiences: audiences.map(\.value),
            algorithms: algorithms?.map(\.value) ?? [], types: types?.map(\.value) ?? ["at+jwt"], clockSkew: skew,
            dpopNonce: nonce, dpopAlgorithms: proofs)
        issuer.judgement = judgement
        issuer.introspection = introspection
        issuer.audienceClaim = audienceClaim?.value ?? ["aud"]
        issuer.claims = claims
        issuer.acceptsIDTokens = acceptsIDTokens
        issuer.scopeClaim = scopeClaim?.value ?? ["scope"]
        issuer.scopeForm = scopeForm
        issuer.scopeMatch = scopeMatch
        issuer.listed = listed
        issuer.aliases = aliases?.map(\.value.text) ?? []
        issuer.tenants = tenants?.map(\.value) ?? []
        return IssuerDraft(issuer: issuer, isEmbedded: false)
    }

    /// What proofs for its tokens must be like (RFC 9449).
    private func dpop(_ reader: MappingReader, by profile: SecurityProfile = .standard) -> (
        nonce: Bool, algorithms: [Algorithm]
    ) {
        let algorithms = reader.list("dpop_algorithms", of: .algorithm)?.map(\.value) ?? []
        return (reader.flag("dpop_nonce"), algorithms.isEmpty ? profile.algorithms : algorithms)
    }

    /// `{tenantid}` and `tenants` need each other; nothing else stands in braces.
    private func checkTemplates(
        _ identifiers: [Located<HTTPSIdentifier>], _ tenants: [Located<String>]?, _ reader: MappingReader
    ) {
        var hasPlace = false
        for identifier in identifiers {
            let parts = identifier.value.text.split(separator: Issuer.tenantPlace, omittingEmptySubsequences: false)
            hasPlace = hasPlace || parts.count == 2
            if parts.count > 2 || parts.contains(where: { $0.contains("{") || $0.contains("}") }) {
                context.findings.error(
                    .badValue, at: identifier.position,
                    "\(Shown.value(identifier.value.text)): in braces only {tenantid} can stand in an identifier, and once"
                )
            } else if parts.count == 2, !reader.has("tenants") {
                context.findings.error(
                    .missingKey, at: identifier.position,
                    "\(reader.name): {tenantid} stands for any tenant; name those that count as \"tenants\"")
            }
        }
        if tenants != nil, !identifiers.isEmpty, !hasPlace {
            reader.error(
                .contradiction, at: "tenants",
                "\(reader.name) has \"tenants\", but no identifier with {tenantid}; write issuer: https://…/{tenantid}/v2.0"
            )
        }
    }

    /// Where its keys come from, and how it is reached.
    private typealias Found = (keys: Issuer.Keys, way: OutgoingWay)

    /// - Parameters:
    ///   - verifies: something is verified with its keys.
    ///   - asks: metadata must say where it is asked about tokens.
    private func keys(
        _ reader: MappingReader, _ name: String, _ identifier: HTTPSIdentifier?, algorithms: [Located<Algorithm>],
        verifies: Bool, asks: Bool
    ) -> Found? {
        let fetching = KeyFetchingReader(context: context, files: files, insecurities: insecurities)
        if !verifies, !asks { return (.unneeded, fetching.way(reader, name: name)) }
        let isTemplate = identifier?.text.contains(Issuer.tenantPlace) ?? false
        guard reader.has("jwks"), verifies else {
            guard var fetched = fetching.read(reader, name: name, keySet: nil, isTemplate: isTemplate) else {
                return nil
            }
            if case .discovery = fetched.place, let identifier, AbsoluteURL(identifier.text) == nil {
                reader.error(
                    .badValue, at: "issuer",
                    "\(reader.name): its metadata cannot be fetched from this identifier; write discovery_url, or jwks: {url: …}"
                )
            }
            fetched.wantsKeys = verifies
            fetched.wantsIntrospection = asks
            return (.fetched(fetched), fetched.way)
        }
        switch jwks(reader, algorithms: algorithms) {
        case .url(let url):
            return fetching.read(reader, name: name, keySet: url, isTemplate: isTemplate).map { (.fetched($0), $0.way) }
        case .file(let path):
            let isAsked = reader.has("introspection")
            let keys = isAsked ? ["discovery_url", "jwks_hosts"] : KeyFetchingReader.keys
            for key in keys where reader.has(key) {
                reader.error(
                    .contradiction, at: key,
                    "\(reader.name) has \"\(key)\", but its keys are in a file: nothing is fetched")
            }
            return (.jwksFile(path), isAsked ? fetching.way(reader, name: name) : OutgoingWay())
        case nil:
            // So that these keys are not unknown as well.
            for key in KeyFetchingReader.keys { _ = reader.has(key) }
            return nil
        }
    }

    private enum KeySetPlace {
        case file(String)
        case url(Located<AbsoluteURL>)
    }

    private func jwks(_ issuer: MappingReader, algorithms: [Located<Algorithm>]) -> KeySetPlace? {
        guard let node = issuer.node("jwks") else { return nil }
        if case .scalar = node.content {
            issuer.wrongType(node, "jwks", "{file: PATH} or {url: URL}; leave it out for discovery")
            return nil
        }
        guard let reader = issuer.nested("jwks") else { return nil }
        let file = reader.value("file", .path)
        let url = reader.value("url", .fetchedURL)
        if reader.has("file"), reader.has("url") {
            reader.error(.contradiction, at: "url", "\(reader.name) has \"file\" and \"url\"; keep one")
        } else if !reader.has("url") {
            reader.require("file", "write jwks: {file: PATH} or jwks: {url: URL}, or leave jwks out for discovery")
        }
        reader.finish()
        if let url { return .url(url) }
        guard let file else { return nil }
        KeySetCheck(context: context, files: files).check(file, issuer: issuer.name, algorithms: algorithms)
        return .file(context.path(file.value))
    }
}

extension ValueKind where Value == Algorithm {
    /// RFC 8725 §3.1: only what is asked for; never `none`, never a shared secret.
    static var algorithm: ValueKind {
        let known = Algorithm.allCases.flatMap(\.names)
        return ValueKind("an algorithm such as ES256") { scalar throws(ValueProblem) in
            if let algorithm = Algorithm(named: scalar.text) { return algorithm }
            if scalar.text.lowercased() == "none" {
                throw ValueProblem("\"none\" means unsigned tokens: it does not exist here")
            }
            if ["HS256", "HS384", "HS512"].contains(scalar.text.uppercased()) {
                throw ValueProblem(
                    "\(Shown.value(scalar.text)) needs a secret shared with the issuer: it does not exist here; use ES256 or RS256"
                )
            }
            let way = Spelling.hint(for: scalar.text, among: known)
            throw ValueProblem(
                "\(Shown.value(scalar.text)) is not an algorithm that the gateway verifies"
                    + (way.isEmpty ? "; it verifies \(known.joined(separator: ", "))" : way))
        }
    }
}
