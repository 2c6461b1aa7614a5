import HTTP
import Policy

/// All sections as read, before they are compared with each other.
struct PolicyDraft {
    let context: ReadingContext
    let root: MappingReader
    let workers: Int?
    /// nil: off.
    let via: String?
    /// Those that take traffic.
    let listeners: [ListenerDraft]
    /// Those that tell how the gateway is.
    let monitors: [ListenerDraft]
    let authorizationServer: AuthorizationServerDraft?
    let issuers: NamedSection<IssuerDraft>
    let upstreams: NamedSection<Upstream>
    let limits: NamedSection<RateLimit>
    let routes: [RouteDraft]
    let resourceMetadata: ResourceMetadataDraft
    let upstreamTokens: UpstreamTokenDraft?
    let audit: AuditSettings
    let timeouts: Timeouts
    let bounds: Bounds
    let insecurities: Insecurities

    /// nil when the document is no mapping, or of a version that is not known.
    init?(reading document: DocumentNode, _ context: ReadingContext) {
        guard let root = MappingReader(document, name: "the file", findings: context.findings) else { return nil }
        self.context = context
        self.root = root
        guard Self.isKnownVersion(root) else { return nil }
        insecurities = Insecurities(findings: context.findings)
        let files = FileChecks(context: context)
        workers = root.value("workers", .number(1...1_024))?.value
        via = root.value("via", .viaPseudonym, default: Policy.viaDefault)
        let all = ListenerSection(context: context, files: files, insecurities: insecurities).read(root)
        listeners = all.filter { !$0.isMonitor }
        monitors = all.filter(\.isMonitor)
        authorizationServer = AuthorizationServerSection(context: context, files: files, insecurities: insecurities)
            .read(root)
        issuers = IssuerSection(
            context: context, files: files, insecurities: insecurities, authorizationServer: authorizationServer
        ).read(root)
        upstreams = UpstreamSection(context: context, files: files, insecurities: insecurities).read(root)
        limits = LimitSection(findings: context.findings).read(root)
        routes = RouteSection(findings: context.findings).read(root)
        resourceMetadata = ResourceMetadataSection().read(root)
        upstreamTokens = UpstreamTokenSection(context: context, files: files).read(root)
        audit = AuditSection(context: context).read(root)
        timeouts = TimeoutSection.read(root)
        bounds = BoundSection.read(root)
        root.finish()
    }

    private static func isKnownVersion(_ root: MappingReader) -> Bool {
        guard root.has("version") else {
            root.require("version", "write version: 1")
            return true
        }
        guard let version = root.value("version", .number(0...1_000_000)) else { return true }
        if version.value == 1 { return true }
        root.findings.error(
            .unsupportedVersion, at: version.position,
            "this is version \(version.value) of the format, and this gateway reads version 1")
        return false
    }

    /// The checks between sections.
    func check() {
        ReferenceCheck(draft: self).run()
        ShadowCheck(draft: self).run()
        NeighbourCheck(draft: self).run()
        ReservedPathCheck(draft: self).run()
        IssuerHostCheck(draft: self).run()
        ListenerNameCheck(draft: self).run()
        SatisfiabilityCheck(draft: self).run()
        OpaqueTokenCheck(draft: self).run()
        UnusedCheck(draft: self).run()
        UpstreamTokenCheck(draft: self).run()
        AdminCheck(draft: self).run()
        LogInCheck(draft: self).run()
        RegistrationScopeCheck(draft: self).run()
        UserRulesCheck(draft: self).run()
        ServerLimitCheck(draft: self).run()
        DescriptorCheck(draft: self).run()
    }

    /// The policy. Call it only when there are no errors: then every value is there and every name resolves.
    func policy(hash: String) -> Policy? {
        let routes = self.routes.compactMap { route(from: $0) }
        guard routes.count == self.routes.count, issuers.values.count == issuers.entries.count,
            upstreams.values.count == upstreams.entries.count, limits.values.count == limits.entries.count,
            listeners.allSatisfy({ $0.listener != nil }), monitors.allSatisfy({ $0.monitor != nil })
        else { return nil }
        var server = authorizationServer?.settings
        server?.limits = authorizationServer?.limits.compactMap { limits.index(of: $0.value) } ?? []
        var policy = Policy(
            listeners: listeners.compactMap(\.listener), issuers: issuers.values.map(\.issuer),
            upstreams: upstreams.values,
            limits: limits.values, routes: routes, authorizationServer: server, audit: audit, timeouts: timeouts,
            bounds: bounds,
            workers: workers, hash: hash, insecurities: insecurities.paths)
        policy.resourceMetadata = resourceMetadata.settings
        policy.resourceMetadata?.limits = resourceMetadata.limits.compactMap { limits.index(of: $0.value) }
        policy.upstreamTokens = upstreamTokens?.settings
        policy.monitors = monitors.compactMap(\.monitor)
        policy.certificateFiles = context.certificateFiles.all
        policy.via = via
        return policy.addingAuthorizationServerRoutes().addingAdminRoutes().addingResourceMetadataRoutes()
            .addingUpstreamTokenRoutes()
    }

    private func route(from draft: RouteDraft) -> Route? {
        guard let id = draft.id, let match = draft.match else { return nil }
        let destination: Route.Destination
        switch draft.destination {
        case .upstream(let name):
            guard let index = upstreams.index(of: name.value) else { return nil }
            destination = .upstream(index)
        case .local(let service): destination = .local(service)
        case nil: return nil
        }
        var require = draft.require?.requirement
        require?.issuers = draft.require?.issuers.compactMap { issuers.index(of: $0.value) } ?? []
        var route = Route(
            id: id.value, match: match, require: require,
            limits: draft.limits.compactMap { limits.index(of: $0.value) },
            destination: destination, forwardToken: draft.forwardToken, allowPath: draft.allowPath,
            bodyBytesMax: draft.bodyBytesMax, allowUpgrade: draft.allowUpgrade, line: draft.position.line)
        route.timeouts = draft.timeouts
        route.allowFieldNames = draft.allowFieldNames
        return route
    }
}

extension ValueKind where Value == String? {
    /// A name for `Via`, or `off`.
    static var viaPseudonym: ValueKind {
        ValueKind("a name such as gateway-1, or off") { scalar throws(ValueProblem) in
            if scalar.text == "off" { return nil }
            let name = scalar.text.utf8
            guard !name.isEmpty, name.count <= 64, name.allSatisfy(HTTPOctet.isToken), scalar.text != "false",
                scalar.text != "true"
            else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a name of letters, digits, - and . (64 at most), or off"
                )
            }
            return scalar.text
        }
    }
}

/// Collects the `insecure_…` keys in force.
final class Insecurities {
    private let findings: FindingCollector
    private(set) var paths: [String] = []

    init(findings: FindingCollector) {
        self.findings = findings
    }

    /// Whether the key is set; if so, it is recorded under its path and warned of.
    func accept(_ key: String, in reader: MappingReader, path: String, code: FindingCode, meaning: String) -> Bool {
        guard reader.flag(key) else { return false }
        paths.append("\(path).\(key)")
        reader.warning(code, at: key, "\(key) in \(reader.name): \(meaning)")
        return true
    }
}
