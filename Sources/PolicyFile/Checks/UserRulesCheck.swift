import Policy

/// What users may be granted has to be asked for by something, and nobody makes everybody an administrator.
struct UserRulesCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        guard let server = draft.authorizationServer else { return }
        if server.logIn?.issuer == nil {
            for claim in server.users.sources {
                findings.error(
                    .contradiction, at: claim.position,
                    "\"from\" takes members from what an OpenID provider says, and no users log in at one; add \"provider\" to \"login\""
                )
            }
        }
        for (scope, owner, ofEverybody) in server.users.scopes {
            if ofEverybody, AdminRoutes.isAdministrative(scope.value) {
                findings.error(
                    .contradiction, at: scope.position,
                    "scope \(Shown.value(scope.value)) of \(owner): every account would be an administrator's; give it to a group of \"groups\", or to single users: portcullis user set NAME --may \(AdminRoutes.writeScope)"
                )
            } else {
                checkUse(scope, of: owner)
            }
        }
        guard case .any? = server.users.rules.everybody else { return }
        for (scope, owner, ofEverybody) in server.users.scopes
        where !ofEverybody && !AdminRoutes.isAdministrative(scope.value) {
            findings.warning(
                .contradiction, at: scope.position,
                "scope \(Shown.value(scope.value)) of \(owner) is everybody's already, by users_may: any; list there what is, or leave it out here"
            )
        }
    }

    /// Most likely misspelt: then members get 403.
    private func checkUse(_ scope: Located<String>, of owner: String) {
        guard !draft.routes.isEmpty, !RegistrationScopeCheck.ofOpenIDConnect.contains(scope.value) else { return }
        var asked = draft.routes.flatMap { ($0.require?.scopes ?? []) + ($0.require?.anyScope ?? []) }.map(\.value)
        if draft.authorizationServer?.admin != nil { asked += [AdminRoutes.readScope, AdminRoutes.writeScope] }
        // One that covers others, where issuers compare scopes so.
        let covers = draft.issuers.entries.contains {
            $0.value?.isEmbedded == true && $0.value?.issuer.scopeMatch != .exact
        }
        guard !asked.contains(scope.value), !covers else { return }
        findings.warning(
            .unused, at: scope.position,
            "scope \(Shown.value(scope.value)) of \(owner) is asked for by no route\(Spelling.hint(for: scope.value, among: asked))"
        )
    }
}
