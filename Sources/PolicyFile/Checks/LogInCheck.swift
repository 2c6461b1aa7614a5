import Policy

/// Users can log in only at an issuer whose metadata is read, and which is one.
struct LogInCheck {
    let draft: PolicyDraft

    func run() {
        guard let logIn = draft.authorizationServer?.logIn, let name = logIn.issuer,
            let entry = draft.issuers.entries.first(where: { $0.name.value == name.value })?.value
        else { return }
        func refuse(_ message: String) {
            draft.context.findings.error(
                .contradiction, at: name.position, "issuer \(Shown.value(name.value)) of \"provider\" \(message)")
        }
        guard !entry.isEmbedded else {
            return refuse("is the authorization server itself; name the one that users log in at")
        }
        guard case .fetched(let fetching) = entry.issuer.keys, fetching.wantsKeys, !fetching.isKeySet else {
            return refuse(
                "has no metadata that is read, which would say where users log in; leave out \"jwks\", or write discovery_url"
            )
        }
        if !entry.issuer.tenants.isEmpty {
            refuse(
                "stands for several tenants; users log in at one: name its identifier in an entry without \"tenants\"")
        }
        if logIn.needsIssuerCertificate, fetching.way.certificate == nil {
            refuse(
                "has no \"certificate\" that tls_client_auth could show; write certificate: {chain: PATH, key: PATH}, there or in \"provider\""
            )
        }
    }
}

extension KeyFetching {
    fileprivate var isKeySet: Bool {
        if case .keySet = place { true } else { false }
    }
}
