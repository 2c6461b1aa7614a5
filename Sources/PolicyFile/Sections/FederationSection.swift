import Policy

/// `trusts` of `authorization_server`: whose tokens become tokens of ours.
struct FederationSection {
    let findings: FindingCollector

    /// One entry as read; `trust` is nil when something mandatory is broken.
    struct Draft {
        var issuer: Located<String>
        var trust: FederationTrust?
    }

    func read(_ server: MappingReader) -> [Draft] {
        (server.items("trusts") ?? []).compactMap { node in
            MappingReader(node, name: "an entry of \"trusts\"", findings: findings).flatMap(entry)
        }
    }

    private func entry(_ reader: MappingReader) -> Draft? {
        reader.require("issuer", "name one of \"issuers\": whose tokens are taken")
        reader.require("client", "name the registered client that the workload becomes")
        reader.require(
            "claims", "say which of the issuer's tokens are meant, as in claims: {sub: {equals: \"repo:acme/shop\"}}")
        let issuer = reader.value("issuer", .reference)
        let client = reader.value("client", .reference)
        let claims = ClaimRulesReader(findings: findings, path: nil, isOfRoute: false).read(reader)
        let isSingleUse = reader.value("single_use", .flag, default: true)
        reader.finish()
        guard let issuer else { return nil }
        var draft = Draft(issuer: issuer, trust: nil)
        if let client, !claims.isEmpty {
            draft.trust = FederationTrust(
                issuer: issuer.value, client: client.value, claims: claims, isSingleUse: isSingleUse)
        }
        return draft
    }
}
