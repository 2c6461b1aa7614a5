import Policy

/// Every name that a route or a section uses must be declared.
struct ReferenceCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        for route in draft.routes {
            for issuer in route.require?.issuers ?? [] { check(issuer, in: draft.issuers, of: route.name) }
            for limit in route.limits { check(limit, in: draft.limits, of: route.name) }
            if case .upstream(let name) = route.destination { check(name, in: draft.upstreams, of: route.name) }
        }
        for limit in draft.authorizationServer?.limits ?? [] {
            check(limit, in: draft.limits, of: "\"authorization_server\"")
        }
        for trust in draft.authorizationServer?.trusts ?? [] {
            check(trust.issuer, in: draft.issuers, of: "\"trusts\"")
            if draft.issuers.entries.contains(where: {
                $0.name.value == trust.issuer.value && $0.value?.isEmbedded == true
            }) {
                findings.error(
                    .contradiction, at: trust.issuer.position,
                    "issuer \(Shown.value(trust.issuer.value)) of \"trusts\" is the authorization server itself; its tokens are tokens of ours already"
                )
            }
        }
        if let issuer = draft.authorizationServer?.logIn?.issuer {
            check(issuer, in: draft.issuers, of: "\"provider\"")
        }
        for limit in draft.resourceMetadata.limits { check(limit, in: draft.limits, of: "\"resource_metadata\"") }
        let embedded = draft.issuers.entries.filter { $0.value?.isEmbedded == true }
        if let server = draft.authorizationServer, server.settings != nil, embedded.isEmpty {
            findings.warning(
                .unused, at: server.position,
                "the authorization server issues tokens that no issuer stands for; add issuers: {local: {embedded: true}}"
            )
        }
    }

    private func check<Value>(_ name: Located<String>, in section: NamedSection<Value>, of owner: String) {
        if section.index(of: name.value) != nil { return }
        let known = section.names
        let way =
            known.isEmpty
            ? "; no \(section.noun) is declared"
            : Spelling.nearest(to: name.value, among: known).map { "; did you mean \(Shown.value($0))?" }
                ?? "; declared are \(known.prefix(8).joined(separator: ", "))\(known.count > 8 ? ", …" : "")"
        findings.error(
            .unknownReference, at: name.position,
            "\(section.noun) \(Shown.value(name.value)) of \(owner) is not declared\(way)")
    }
}

/// Declared, but nobody refers to it: often a route that was to have it.
struct UnusedCheck {
    let draft: PolicyDraft

    func run() {
        var issuers = Set(draft.authorizationServer?.trusts.map(\.issuer.value) ?? [])
        if let issuer = draft.authorizationServer?.logIn?.issuer?.value { issuers.insert(issuer) }
        // Its routes are not there yet.
        if draft.authorizationServer?.admin != nil {
            issuers.formUnion(draft.issuers.entries.filter { $0.value?.isEmbedded == true }.map(\.name.value))
        }
        var limits = Set(draft.authorizationServer?.limits.map(\.value) ?? [])
        limits.formUnion(draft.resourceMetadata.limits.map(\.value))
        var upstreams: Set<String> = []
        for route in draft.routes {
            issuers.formUnion(route.require?.issuers.map(\.value) ?? [])
            limits.formUnion(route.limits.map(\.value))
            if case .upstream(let name) = route.destination { upstreams.insert(name.value) }
        }
        note(draft.issuers, used: issuers)
        note(draft.limits, used: limits)
        note(draft.upstreams, used: upstreams)
    }

    private func note<Value>(_ section: NamedSection<Value>, used: Set<String>) {
        for entry in section.entries where !used.contains(entry.name.value) {
            draft.context.findings.warning(
                .unused, at: entry.name.position, "\(section.noun) \(Shown.value(entry.name.value)) is used by no route"
            )
        }
    }
}
