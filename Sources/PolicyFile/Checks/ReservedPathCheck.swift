import Policy

/// The authorization server's paths on its own host belong to it: `/oauth2/…`, its metadata, and `/admin/v1/…` with the
/// management interface. A route of the operator
/// there would take requests for tokens, now or with a later endpoint. So do the paths of protected-resource metadata,
/// on every host: what stands behind one route must not speak for another (RFC 9728 §7.3).
struct ReservedPathCheck {
    let draft: PolicyDraft

    func run() {
        if draft.resourceMetadata.settings != nil { checkResourceMetadata() }
        guard let issuer = draft.authorizationServer?.identifier?.value else { return }
        for route in draft.routes {
            guard let match = route.match,
                let reserved = Self.reservedPrefix(of: match.path) ?? adminPrefix(of: match.path)
            else { continue }
            guard match.hosts.isEmpty || match.hosts.contains(where: { HostPattern.covers($0, issuer.host) }) else {
                continue
            }
            let way = match.hosts.isEmpty ? "; name other \"hosts\", or another path" : "; choose another path"
            draft.context.findings.error(
                .reservedPath, at: route.pathPosition,
                "\(route.name): \(reserved) on \(issuer.host) belongs to the authorization server\(way)")
        }
    }

    private func adminPrefix(of path: PathPattern) -> String? {
        guard draft.authorizationServer?.admin != nil, path.segments.starts(with: [.literal("admin"), .literal("v1")])
        else { return nil }
        return AdminRoutes.path + "/"
    }

    private func checkResourceMetadata() {
        for route in draft.routes {
            guard let segments = route.match?.path.segments, segments.count >= 2,
                segments[0] == .literal(".well-known"), segments[1] == .literal("oauth-protected-resource")
            else { continue }
            draft.context.findings.error(
                .reservedPath, at: route.pathPosition,
                "\(route.name): \(ResourceMetadataRoutes.wellKnownPath) is answered by the gateway; choose another path, or say resource_metadata: {enabled: false}"
            )
        }
    }

    private static func reservedPrefix(of path: PathPattern) -> String? {
        switch (path.segments.first, path.segments.dropFirst().first) {
        case (.literal("oauth2"), _): "/oauth2/"
        case (.literal(".well-known"), .literal("oauth-authorization-server")):
            "/.well-known/oauth-authorization-server"
        default: nil
        }
    }
}
