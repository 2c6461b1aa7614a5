import Policy

/// Requirements that nobody can meet, and limits that have nobody to count.
struct SatisfiabilityCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        for route in draft.routes {
            checkClientCertificate(route)
            checkProof(route)
            checkForwardedToken(route)
            checkAudiences(route)
            checkLimits(route.limits, owner: route.name, knowsCaller: !(route.require?.issuers.isEmpty ?? true))
        }
        checkLimits(draft.authorizationServer?.limits ?? [], owner: "\"authorization_server\"", knowsCaller: false)
        checkLimits(draft.resourceMetadata.limits, owner: "\"resource_metadata\"", knowsCaller: false)
    }

    /// A client certificate is verified by the listener and demanded by the route.
    private func checkClientCertificate(_ route: RouteDraft) {
        guard let require = route.require, require.requirement.clientCertificate, !draft.listeners.isEmpty else {
            return
        }
        let without = draft.listeners.filter { $0.listener.map { $0.tls?.clientAuthorities == nil } ?? false }
        guard let first = without.first else { return }
        if without.count == draft.listeners.count {
            findings.error(
                .unsatisfiable, at: require.clientCertificatePosition,
                "\(route.name) requires a client certificate, but no listener verifies any; add \"client_authorities\" to the \"tls\" of a listener"
            )
        } else {
            findings.warning(
                .unsatisfiable, at: require.clientCertificatePosition,
                "\(route.name) requires a client certificate, so it always refuses on \(first.name), which has no \"client_authorities\""
            )
        }
    }

    /// Tokens that are bound to a client certificate need a listener that asks for one.
    private func checkProof(_ route: RouteDraft) {
        guard let require = route.require, let proof = require.requirement.proof, !draft.listeners.isEmpty else {
            return
        }
        let listeners = draft.listeners.compactMap(\.listener)
        guard listeners.count == draft.listeners.count else { return }
        if proof == .mtls, listeners.certificateTrust == .none {
            findings.error(
                .unsatisfiable, at: require.proofPosition,
                "\(route.name) demands tokens bound to a client certificate, but no listener asks for one; add \"client_authorities\" to the \"tls\" of a listener"
            )
        }
    }

    /// RFC 6750 §5.2: a token travels encrypted, or not at all.
    private func checkForwardedToken(_ route: RouteDraft) {
        guard route.forwardToken, case .upstream(let name) = route.destination,
            let upstream = draft.upstreams.entries.first(where: { $0.name.value == name.value })?.value,
            upstream.tls == nil
        else { return }
        findings.error(
            .plaintext, at: name.position,
            "\(route.name) passes tokens on, but upstream \(Shown.value(name.value)) has no TLS, so everybody on the way could read them; give it https and \"tls\", or remove forward_token"
        )
    }

    private func checkAudiences(_ route: RouteDraft) {
        guard let require = route.require, !require.audiences.isEmpty else { return }
        let issuers = require.issuers.compactMap { name in draft.issuers.entries.first { $0.name.value == name.value } }
        guard !issuers.isEmpty, issuers.allSatisfy({ $0.value != nil }) else { return }
        let known = issuers.flatMap { $0.value?.issuer.audiences ?? [] }
        for audience in require.audiences where !known.contains(audience.value) {
            findings.error(
                .unsatisfiable, at: audience.position,
                "\(route.name): \(Shown.value(audience.value)) is no audience of its issuers"
                    + Spelling.hint(for: audience.value, among: known))
        }
    }

    private func checkLimits(_ limits: [Located<String>], owner: String, knowsCaller: Bool) {
        guard !knowsCaller else { return }
        for name in limits {
            guard let index = draft.limits.index(of: name.value), let limit = draft.limits.entries[index].value,
                let key = limit.by.first(where: \.needsToken)
            else { continue }
            findings.error(
                .unsatisfiable, at: name.position,
                "limit \(Shown.value(name.value)) counts by \(key.text), but in \(owner) no token says who calls; use one that counts by ip or route"
            )
        }
    }
}

extension RateLimit.Key {
    var needsToken: Bool {
        switch self {
        case .clientID, .subject, .claim: true
        case .ip, .route: false
        }
    }
}
