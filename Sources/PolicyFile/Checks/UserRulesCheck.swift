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
            for claim in server.users.claims.sources {
                findings.error(
                    .contradiction, at: claim.position,
                    "\"provider_claim\" takes what an OpenID provider says, and no users log in at one; add \"provider\" to \"login\""
                )
            }
        }
        checkFactors(server)
        checkClaims(server.users.claims, server)
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
        checkAdministrators(server)
        guard case .any? = server.users.rules.everybody else { return }
        for (scope, owner, ofEverybody) in server.users.scopes
        where !ofEverybody && !AdminRoutes.isAdministrative(scope.value) {
            findings.warning(
                .contradiction, at: scope.position,
                "scope \(Shown.value(scope.value)) of \(owner) is everybody's already, by users_may: any; list there what is, or leave it out here"
            )
        }
    }

    /// What nobody could show.
    private func checkFactors(_ server: AuthorizationServerDraft) {
        guard let logIn = server.logIn?.settings, !logIn.asksForFactors else { return }
        for (owner, position) in server.users.demandingFactors {
            findings.error(
                .contradiction, at: position,
                logIn.passwords
                    ? "\(owner) has second_factor: required, and \"login\" has second_factor: off, so that members could not log in; write optional there"
                    : "\(owner) has second_factor: required, but no log-in by password that it would apply to: who logs in at the provider shows there what the provider asks for"
            )
        }
    }

    /// Claims of tokens: whom they tell what.
    private func checkClaims(_ claims: UserClaimSection.Draft, _ server: AuthorizationServerDraft) {
        for (scope, owner) in claims.scopes { checkUse(scope, of: owner) }
        let known =
            [server.settings?.audience].compactMap { $0 }
            + draft.issuers.entries.compactMap(\.value).filter(\.isEmbedded).flatMap(\.issuer.audiences)
            + draft.routes.flatMap { ($0.require?.audiences ?? []).map(\.value) }
        for (audience, owner) in claims.audiences
        where !known.contains(where: { ResourceIndicator.areEquivalent($0, audience.value) }) {
            findings.warning(
                .unused, at: audience.position,
                "audience \(Shown.value(audience.value)) of \(owner) is that of no issuer and no route here\(Spelling.hint(for: audience.value, among: known))"
            )
        }
        for claim in claims.rules
        where claim.value.isPersonal && claim.value.places.contains(.accessToken) && claim.value.audiences.isEmpty
            && claim.value.clients.isEmpty
        {
            findings.warning(
                .personalData, at: claim.position,
                "claim \(Shown.value(claim.value.name)) of tokens copies personal data into every access token, for whichever service it is, and into what those services log; write in: [id_token, userinfo], or audiences: of those that need it"
            )
        }
    }

    /// It may be meant, and then it should be seen by whoever reads the policy: membership is not in this file.
    private func checkAdministrators(_ server: AuthorizationServerDraft) {
        var said: Set<String> = []
        for (scope, owner, ofEverybody) in server.users.scopes
        where !ofEverybody && AdminRoutes.isAdministrative(scope.value) && said.insert(owner).inserted {
            let source = server.users.rules.groups.first { "group \(Shown.value($0.name))" == owner }?.source
            findings.warning(
                .administrators, at: scope.position,
                "scope \(Shown.value(scope.value)) of \(owner): its members manage the server"
                    + (source.map {
                        "; whoever can change \(Shown.value($0.claim)) at the provider decides who they are"
                    } ?? ", and so does everybody whom one of them puts into it")
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
