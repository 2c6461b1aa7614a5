import Policy

/// `upstream_tokens`, the services that want such tokens, and the routes that lead to them must fit together.
struct UpstreamTokenCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        checkUse()
        checkIssuer()
        checkRoutes()
    }

    private func checkUse() {
        let users = draft.upstreams.entries.filter { $0.value?.tokenAudience != nil }
        if let user = users.first, draft.upstreamTokens == nil {
            findings.error(
                .missingKey, at: user.name.position,
                "upstream \(Shown.value(user.name.value)) has \"token_audience\", but there is no section \"upstream_tokens\"; add it"
            )
        }
        if let tokens = draft.upstreamTokens, users.isEmpty {
            findings.warning(
                .unused, at: tokens.position,
                "\"upstream_tokens\" is used by no upstream; give one a \"token_audience\"")
        }
    }

    /// A service must be able to tell what the gateway signed from what an issuer signed.
    private func checkIssuer() {
        guard let identifier = draft.upstreamTokens?.identifier else { return }
        for issuer in draft.issuers.entries where issuer.value?.issuer.identifier == identifier.value.text {
            findings.error(
                .contradiction, at: identifier.position,
                "\"upstream_tokens\" has the identifier of issuer \(Shown.value(issuer.name.value)); the gateway needs one of its own"
            )
        }
    }

    private func checkRoutes() {
        for route in draft.routes {
            if route.forwardToken, case .upstream(let name) = route.destination,
                draft.upstreams.index(of: name.value).map({ draft.upstreams.entries[$0].value?.tokenAudience != nil })
                    == true
            {
                findings.error(
                    .contradiction, at: name.position,
                    "\(route.name) has forward_token: true, but upstream \(Shown.value(name.value)) gets a token of the gateway; keep one of them"
                )
            }
            guard let match = route.match, let host = draft.upstreamTokens?.identifier?.value.host,
                match.path.segments == [.literal("upstream-tokens"), .literal("jwks")],
                match.hosts.isEmpty || match.hosts.contains(where: { HostPattern.covers($0, host) })
            else { continue }
            findings.error(
                .reservedPath, at: route.pathPosition,
                "\(route.name): \(UpstreamTokenRoutes.jwksPath) on \(host) holds the keys of \"upstream_tokens\"; choose another path"
            )
        }
    }
}
