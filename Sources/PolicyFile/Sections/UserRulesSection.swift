import Policy

/// `users_may` and `groups` of `authorization_server`: what users may be granted.
struct UserRulesSection {
    let findings: FindingCollector

    struct Draft {
        var rules = UserRules()
        /// Scopes of `users_may`, then of the groups, with what names them.
        var scopes: [(scope: Located<String>, owner: String, ofEverybody: Bool)] = []
        /// Where a group takes members from a provider's claims.
        var sources: [Located<String>] = []
        /// What tokens say of users besides.
        var claims = UserClaimSection.Draft()
        /// Groups whose members need a second factor, with what names them.
        var demandingFactors: [(owner: String, position: SourcePosition)] = []
        /// Of `groups`; nil: there is none.
        var position: SourcePosition?
    }

    func read(_ server: MappingReader) -> Draft {
        var draft = Draft()
        if let scopes = server.list("users_may", of: .scopeToken, orOne: true) {
            if let any = scopes.first(where: { $0.value == "any" }) {
                if scopes.count > 1 {
                    findings.error(
                        .contradiction, at: any.position,
                        "\"users_may\" in \(server.name): any stands alone, and means all scopes but those of the management interface"
                    )
                }
                draft.rules.everybody = .any
            } else {
                draft.rules.everybody = .only(scopes.map(\.value))
                draft.scopes += scopes.map { ($0, "\"users_may\"", true) }
            }
        }
        guard let groups = server.nested("groups", expected: "groups by name, as in clerks: {may: [orders:write]}")
        else {
            return draft
        }
        draft.position = server.keyPosition("groups")
        groups.refuseEmpty("a group")
        for entry in groups.entries { group(entry, server, &draft) }
        if draft.rules.groups.count > UserRules.groupsMax {
            findings.error(
                .outOfRange, at: groups.position,
                "\(groups.name): found \(draft.rules.groups.count) groups, \(UserRules.groupsMax) at most")
        }
        return draft
    }

    private func group(_ entry: DocumentMember, _ server: MappingReader, _ draft: inout Draft) {
        if let problem = OperatorName.problem(entry.key, dots: true) {
            return findings.error(.badValue, at: entry.position, "group \(problem)")
        }
        let name = "group \(Shown.value(entry.key))"
        guard let reader = MappingReader(entry.value, name: name, at: entry.position, findings: findings) else {
            return
        }
        var group = UserGroup(name: entry.key)
        let may = reader.list("may", of: .scopeToken) ?? []
        group.may = may.map(\.value)
        let factor = reader.value("second_factor", ValueKind<GroupSecondFactor>.word)
        if let factor, factor.value == .required {
            group.requiresSecondFactor = true
            draft.demandingFactors.append((name, factor.position))
        }
        draft.scopes += may.map { ($0, name, false) }
        if let from = reader.nested("from", expected: "a claim of the provider, as in {claim: groups}") {
            from.require("claim", "name the claim of the provider that says who is a member, as in {claim: groups}")
            let claim = from.value("claim", .claimName)
            let value = from.value("value", .text)?.value ?? entry.key
            from.finish()
            if let claim, let path = try? ClaimPath.parse(claim.value) {
                group.source = UserGroup.Source(claim: claim.value, path: path, value: value)
                draft.sources.append(claim)
            }
        }
        reader.finish()
        draft.rules.groups.append(group)
    }
}

extension ValueKind where Value == String {
    /// A claim as it is written: a name, or a JSON Pointer.
    static var claimName: ValueKind {
        ValueKind("a claim's name, or a JSON Pointer") { scalar throws(ValueProblem) in
            _ = try ClaimPath.parse(scalar.text)
            return scalar.text
        }
    }
}

/// Whether members of a group have to have a second factor.
private enum GroupSecondFactor: String, CaseIterable { case optional, required }
