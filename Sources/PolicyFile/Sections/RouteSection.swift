import HTTP
import Policy

/// A route as read: names not yet resolved.
struct RouteDraft {
    enum Destination {
        case upstream(Located<String>)
        case local(LocalServiceName)
    }
    /// `route "orders.read"`.
    var name: String
    var position: SourcePosition
    var id: Located<String>?
    var match: RouteMatchRule?
    var pathPosition: SourcePosition
    var isPublic: Bool
    var require: RequirementDraft?
    var limits: [Located<String>]
    var destination: Destination?
    var forwardToken: Bool
    var allowPath: PathFeatures
    var allowFieldNames: FieldNameFeatures
    var bodyBytesMax: Int??
    var allowUpgrade: Bool
    var timeouts: RouteTimeouts
}

/// `routes`: a list; among equal matches the first wins.
struct RouteSection {
    let findings: FindingCollector

    private static let bodyRange = 0...1_099_511_627_776

    func read(_ root: MappingReader) -> [RouteDraft] {
        root.require("routes", "nothing is let through without one")
        guard let nodes = root.items("routes") else { return [] }
        if nodes.isEmpty {
            root.error(.missingKey, at: "routes", "\"routes\" is empty; nothing is let through without one")
        }
        var drafts: [RouteDraft] = []
        var lines: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            let name = node.text(under: "id").map { "route \(Shown.value($0))" } ?? "route \(index + 1)"
            guard let reader = MappingReader(node, name: name, findings: findings) else { continue }
            let draft = route(reader)
            reader.finish()
            if let id = draft.id {
                if let line = lines[id.value] {
                    findings.error(.duplicateName, at: id.position, "\(name) is there already, in line \(line)")
                }
                lines[id.value] = lines[id.value] ?? id.position.line
            }
            drafts.append(draft)
        }
        return drafts
    }

    private func route(_ reader: MappingReader) -> RouteDraft {
        reader.require("id", "audit records and messages name a route by it")
        reader.require("match", "write match: {path: /orders/{rest...}}")
        let id = reader.value("id", .routeID)
        let own = ["authorization_server", ResourceMetadataRoutes.id, UpstreamTokenRoutes.id].map { $0 + "." }
        if let id, let prefix = own.first(where: "\(id.value).".hasPrefix) {
            findings.error(
                .badValue, at: id.position, "\(reader.name): names that begin with \(prefix) are the gateway's own")
        }
        let allowPath = allowPath(reader)
        let (match, pathPosition) = match(reader, allowPath)
        let isPublic = reader.flag("public")
        let require = RequirementReader(findings: findings).read(reader, path: match?.path)
        checkOpenness(reader, isPublic: isPublic)
        return RouteDraft(
            name: reader.name, position: reader.position, id: id, match: match, pathPosition: pathPosition,
            isPublic: isPublic,
            require: require, limits: reader.list("limits", of: .reference) ?? [], destination: destination(reader),
            forwardToken: forwardToken(reader, isPublic), allowPath: allowPath,
            allowFieldNames: allowFieldNames(reader),
            // Not `?.value`, which would make "not written" into "unlimited".
            bodyBytesMax: reader.value("body_max", ValueKind<Int?>.sizeOrUnlimited(Self.bodyRange)).map { $0.value },
            allowUpgrade: reader.flag("allow_upgrade"), timeouts: timeouts(reader))
    }

    private func timeouts(_ reader: MappingReader) -> RouteTimeouts {
        let timeouts = RouteTimeoutSection.read(reader)
        if timeouts != RouteTimeouts(), reader.has("local") {
            reader.error(
                .contradiction, at: "timeouts",
                "\(reader.name) leads to a service inside the gateway, which is not waited for; remove \"timeouts\"")
        }
        if timeouts.tunnelIdle != nil, !reader.flag("allow_upgrade") {
            reader.warning(
                .unsatisfiable, at: "timeouts",
                "\(reader.name) has tunnel_idle, but no tunnels; add allow_upgrade: true, or remove it")
        }
        return timeouts
    }

    private func checkOpenness(_ reader: MappingReader, isPublic: Bool) {
        // A "public" that says neither true nor false has been noted already.
        let isUnsaid = !reader.has("public") || reader.isPlainFalse("public")
        if isUnsaid, !reader.has("require") {
            findings.error(
                .openRoute, at: reader.position,
                "\(reader.name) has no \"require\": everybody could call it; add it, or say public: true")
        }
        if isPublic, reader.has("require") {
            reader.error(
                .contradiction, at: "public", "\(reader.name) is public: true and has \"require\"; keep one of them")
        }
    }

    private func forwardToken(_ reader: MappingReader, _ isPublic: Bool) -> Bool {
        let forward = reader.flag("forward_token")
        if forward, isPublic {
            reader.error(
                .contradiction, at: "forward_token",
                "\(reader.name) is public, so no token is checked and none is passed on; remove forward_token")
        }
        return forward
    }

    private func match(_ route: MappingReader, _ allowPath: PathFeatures) -> (RouteMatchRule?, SourcePosition) {
        guard let reader = route.nested("match") else { return (nil, route.keyPosition("match")) }
        reader.require("path", "write path: /orders/{rest...}, or path: /{rest...} for all")
        let hosts = reader.list("hosts", of: .routeHost) ?? []
        let methods = reader.list("methods", of: .method) ?? []
        let path = reader.value("path", .pathPattern)
        reader.finish()
        guard let path else { return (nil, reader.keyPosition("path")) }
        for (feature, name) in PathPatternText.features(of: path.value) where !allowPath.contains(feature) {
            findings.error(
                .unsatisfiable, at: path.position,
                "\(route.name): no request can match this path, because such spellings are refused; add allow_path: [\(name)]"
            )
        }
        return (
            RouteMatchRule(hosts: hosts.map(\.value), methods: methods.map(\.value), path: path.value), path.position
        )
    }

    private func allowFieldNames(_ reader: MappingReader) -> FieldNameFeatures {
        let known = FieldNameFeatures.named
        let names = reader.list("allow_field_names", of: ValueKind<String>.word(known.map(\.name)) { $0 }) ?? []
        return names.reduce(into: []) { features, name in
            for (word, feature) in known where word == name.value { features.insert(feature) }
        }
    }

    private func allowPath(_ reader: MappingReader) -> PathFeatures {
        let names = reader.list("allow_path", of: ValueKind<String>.word(PathName.names) { $0 }) ?? []
        return names.reduce(into: []) { features, name in
            if let feature = PathName.feature(named: name.value) { features.insert(feature) }
        }
    }

    private func destination(_ reader: MappingReader) -> RouteDraft.Destination? {
        let upstream = reader.value("upstream", .reference)
        let local = reader.node("local")
        switch (reader.has("upstream"), local) {
        case (true, .some):
            reader.error(
                .contradiction, at: "local",
                "\(reader.name) has \"upstream\" and \"local\"; it can lead to one place only")
        case (false, nil):
            findings.error(
                .missingKey, at: reader.position,
                "\(reader.name) leads nowhere; name an \"upstream\", or say local: health")
        default: break
        }
        if let local {
            if case .scalar(let scalar) = local.content, scalar.text == LocalServiceName.authorizationServer.rawValue {
                findings.error(
                    .badValue, at: local.position,
                    "\(reader.name): the routes of the authorization server are there by themselves; remove this one")
                return nil
            }
            return reader.value(
                "local", ValueKind<LocalServiceName>.word(["health"]) { LocalServiceName(rawValue: $0) }
            )
            .map { .local($0.value) }
        }
        return upstream.map { .upstream($0) }
    }
}
