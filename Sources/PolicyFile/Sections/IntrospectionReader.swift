import HTTP
import JOSE
import Octets
import Policy

/// `tokens` and `introspection` of an issuer's entry: how it is asked about its tokens (RFC 7662).
struct IntrospectionReader {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    private static let lifetimeRange: ClosedRange<Duration> = .zero ... .seconds(300)
    private static let deadlineRange: ClosedRange<Duration> = .milliseconds(50) ... .seconds(1)

    /// Whether answers are signed, so that the issuer's keys are needed (RFC 9701). Says nothing of what is wrong.
    func wantsJWT(_ issuer: MappingReader) -> Bool { isSaid("jwt_response", issuer) }

    /// Whether metadata must say where the issuer is asked.
    func isByDiscovery(_ issuer: MappingReader, _ judgement: TokenJudgement) -> Bool {
        guard judgement != .jwt, let members = members(issuer) else { return false }
        return !members.contains { $0.key == "url" }
    }

    /// What has no meaning where nothing of the issuer's is verified here.
    func refuseKeysUnneeded(_ issuer: MappingReader) {
        for key in ["jwks", "algorithms", "types"] where issuer.has(key) {
            issuer.error(
                .contradiction, at: key,
                "\(issuer.name) has \"\(key)\", but with tokens: introspection nothing that it signs is verified here, unless introspection says jwt_response: true"
            )
        }
        guard members(issuer)?.contains(where: { $0.key == "url" }) == true else { return }
        for key in ["discovery_url", "jwks_hosts"] where issuer.has(key) {
            issuer.error(
                .contradiction, at: key,
                "\(issuer.name) has \"\(key)\", but \"url\" in its introspection: no metadata is read")
        }
    }

    /// nil: it is not asked, or something is wrong and noted.
    /// - Parameter way: of the issuer's entry; nil: something is wrong with it, and noted.
    func read(
        _ issuer: MappingReader, name: String, judgement: TokenJudgement, keys: Issuer.Keys?, way: OutgoingWay?
    ) -> Introspection? {
        guard judgement != .jwt else {
            if issuer.has("introspection") {
                issuer.error(
                    .contradiction, at: "introspection",
                    "\(issuer.name) has \"introspection\", but its tokens are judged by their signature alone; write tokens: introspection or tokens: jwt_and_introspection"
                )
            }
            return nil
        }
        issuer.require("introspection", "say how it is asked: introspection: {client_id: …, client_secret: {file: …}}")
        guard let reader = issuer.nested("introspection") else { return nil }
        reader.require("client_id", "the issuer must know who asks (RFC 7662 §2.1)")
        let url = reader.value("url", .fetchedURL)
        if let url {
            KeyFetchingReader(context: context, files: files, insecurities: insecurities).check(
                url, reader, way?.allowsPlaintext ?? false,
                danger: "tokens travel there, so over https only; whoever reads one can use it")
        } else if !reader.has("url"), let keys {
            checkDiscovery(reader, keys)
        }
        let clientID = reader.value("client_id", .clientIdentifier)
        let shown = ClientAuthenticationReader(context: context, files: files).read(
            reader, needsCertificate: way.map { $0.certificate == nil } ?? false)
        var prefixes = reader.list("token_prefixes", of: .tokenPrefix, orOne: true)
        if judgement == .both, prefixes != nil {
            reader.error(
                .contradiction, at: "token_prefixes",
                "\(reader.name): \"token_prefixes\" are for opaque tokens; with tokens: jwt_and_introspection they are JWTs, known by \"iss\""
            )
            prefixes = nil
        }
        let signed = reader.flag("jwt_response")
        let active = reader.value("active_lifetime", .duration(Self.lifetimeRange), default: .seconds(30))
        let inactive = reader.value("inactive_lifetime", .duration(Self.lifetimeRange), default: .seconds(10))
        let deadline = reader.value("deadline", .duration(Self.deadlineRange), default: .seconds(1))
        let anyAudience = insecurities.accept(
            "insecure_missing_audience", in: reader, path: "issuers.\(name).introspection", code: .missingAudience,
            meaning:
                "tokens count for which the issuer names no audience; they may have been made for any other service")
        reader.finish()
        guard let clientID, let shown, let way, url != nil || !reader.has("url") else { return nil }
        var introspection = Introspection(
            place: url.map { .url($0.value) } ?? .discovery, way: way, clientID: clientID.value,
            authentication: shown.authentication)
        if let certificate = shown.certificate { introspection.way.certificate = certificate }
        introspection.tokenPrefixes = prefixes?.map(\.value) ?? []
        introspection.jwtResponse = signed
        introspection.activeLifetime = active
        introspection.inactiveLifetime = inactive
        introspection.deadline = deadline
        introspection.allowsMissingAudience = anyAudience
        return introspection
    }

    private func checkDiscovery(_ reader: MappingReader, _ keys: Issuer.Keys) {
        if case .fetched(let fetching) = keys, fetching.wantsIntrospection, !isKeySet(fetching.place) { return }
        context.findings.error(
            .missingKey, at: reader.position,
            "\(reader.name) has no \"url\"; with jwks no metadata is read that could say where the issuer is asked")
    }

    private func isKeySet(_ place: KeyFetching.Place) -> Bool {
        if case .keySet = place { true } else { false }
    }

    // MARK: A look ahead

    private func members(_ issuer: MappingReader) -> [DocumentMember]? {
        guard case .mapping(let members)? = issuer.node("introspection")?.content else { return nil }
        return members
    }

    private func isSaid(_ key: String, _ issuer: MappingReader) -> Bool {
        guard case .scalar(let scalar)? = members(issuer)?.first(where: { $0.key == key })?.value.content else {
            return false
        }
        return scalar.isPlain && scalar.text == "true"
    }
}

extension ValueKind where Value == String {
    /// `VSCHAR` of RFC 6749 appendix A.1.
    static var clientIdentifier: ValueKind {
        ValueKind("a client_id") { scalar throws(ValueProblem) in
            guard (1...256).contains(scalar.text.utf8.count),
                scalar.text.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
            else {
                throw ValueProblem(
                    "expected a client_id: printable ASCII, 256 characters at most (RFC 6749 appendix A.1)")
            }
            return scalar.text
        }
    }

    /// How opaque tokens begin: characters of a bearer token (RFC 6750 §2.1), and not as a JWT does.
    static var tokenPrefix: ValueKind {
        ValueKind("the beginning of a token, such as at_") { scalar throws(ValueProblem) in
            let isFine = scalar.text.utf8.allSatisfy { octet in
                ASCII.isAlphanumeric(octet)
                    || "-._~+/".utf8.contains(octet)
            }
            guard isFine, (1...64).contains(scalar.text.utf8.count) else {
                throw ValueProblem(
                    "expected how tokens begin, such as at_: letters, digits and - . _ ~ + /, 64 characters at most")
            }
            guard !scalar.text.hasPrefix("ey") else {
                throw ValueProblem("\(Shown.value(scalar.text)): so begin JWTs, whose issuer is known by \"iss\"")
            }
            return scalar.text
        }
    }
}
