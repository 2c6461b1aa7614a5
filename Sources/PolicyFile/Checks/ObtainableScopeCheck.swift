import Policy

/// A route that asks for a scope that no client may obtain is closed to everybody. Only where all tokens come from the
/// built-in authorization server: what other issuers grant nobody knows here.
struct ObtainableScopeCheck {
    let draft: PolicyDraft
    let obtainable: ObtainableScopes

    func run() {
        checkUsers()
        guard obtainable.hasClients else { return }
        checkRegistered()
        checkLogOut()
        for route in draft.routes {
            guard let require = route.require, let matches = ownMatches(require) else { continue }
            func isObtainable(_ scope: Located<String>) -> Bool {
                matches.contains { obtainable.cover(scope.value, $0) }
            }
            for scope in require.scopes where !isObtainable(scope) {
                warn(
                    scope,
                    "\(route.name) asks for the scope \(Shown.value(scope.value)), which no client of the authorization server may obtain, or no user of one"
                )
            }
            if let first = require.anyScope.first, !require.anyScope.contains(where: isObtainable) {
                let names = require.anyScope.map { Shown.value($0.value) }.joined(separator: ", ")
                warn(
                    first,
                    "\(route.name) asks for one of the scopes \(names), and no client of the authorization server may obtain any, or no user of one"
                )
            }
        }
    }

    private func checkUsers() {
        guard let server = draft.authorizationServer else { return }
        let findings = draft.context.findings
        for client in obtainable.administratorless.prefix(10) {
            findings.warning(
                .unsatisfiable, at: server.admin?.position ?? server.position,
                "users who log in with the client \(Shown.value(client)) cannot manage the server: none may be granted its scopes of the management interface; give them to one, portcullis user set NAME --may \(AdminRoutes.writeScope), or to a group"
            )
        }
        for group in obtainable.unknownGroups.prefix(20) {
            let hint = Spelling.hint(for: group.name, among: server.users.rules.groups.map(\.name))
            findings.warning(
                .unknownReference, at: server.users.position ?? server.position,
                "\(group.users == 1 ? "1 user is" : "\(group.users) users are") in the group \(Shown.value(group.name)), which \"groups\" does not name, so it gives them nothing\(hint)"
            )
        }
    }

    /// A scope of clients that opens nothing is misspelt, or was brought along from another server. One that only a service
    /// behind the gateway knows has its description for users, and is not meant.
    private func checkRegistered() {
        guard let server = draft.authorizationServer else { return }
        let asking = draft.routes.compactMap { route in
            route.require.flatMap { require in ownMatches(require, all: false).map { (require, $0) } }
        }
        let asked = asking.flatMap { ($0.0.scopes + $0.0.anyScope).map(\.value) }
        // Nothing to compare with.
        guard !asked.isEmpty else { return }
        let described = server.settings?.scopeDescriptions ?? [:]
        func opens(_ scope: String) -> Bool {
            for (require, matches) in asking {
                for required in require.scopes + require.anyScope {
                    if matches.contains(where: { obtainable.opens(required.value, scope, $0) }) { return true }
                }
            }
            return false
        }
        for (scope, clients) in obtainable.registered.prefix(1_000)
        where described[scope] == nil && !Self.needNoRoute.contains(scope) && !opens(scope) {
            if AdminRoutes.isAdministrative(scope) {
                guard server.admin == nil else { continue }
                warnOfClients(
                    clients,
                    "may obtain the scope \(Shown.value(scope)), and there is no management interface; add admin: {}",
                    server)
            } else {
                let hint = Spelling.hint(for: scope, among: asked)
                warnOfClients(
                    clients,
                    "may obtain the scope \(Shown.value(scope)), which no route asks for"
                        + (hint.isEmpty
                            ? "; if only a service behind the gateway knows it, describe it in \"scope_descriptions\""
                            : hint),
                    server)
            }
        }
    }

    /// What OpenID Connect does with scopes needs no route.
    private static let needNoRoute = RegistrationScopeCheck.ofOpenIDConnect + ["address", "phone", "groups", "roles"]

    /// OpenID Connect Back-Channel Logout 1.0 §2.4: the token says what an ID token said.
    private func checkLogOut() {
        guard let server = draft.authorizationServer, !obtainable.neverLoggedOut.isEmpty else { return }
        warnOfClients(
            obtainable.neverLoggedOut,
            "registered a backchannel_logout_uri, and never get an ID token, so are told of no log-out; they need the grant authorization_code and the scope openid",
            server)
    }

    private func warnOfClients(_ clients: [String], _ text: String, _ server: AuthorizationServerDraft) {
        let names = clients.prefix(5).map(Shown.value).joined(separator: ", ")
        let more = clients.count > 5 ? " and \(clients.count - 5) more" : ""
        draft.context.findings.warning(
            .unused, at: server.position, "\(clients.count == 1 ? "client" : "clients") \(names)\(more) \(text)")
    }

    /// How its issuers compare scopes; nil: tokens of others count, too, or something in them is not known.
    /// - Parameter all: tokens of others do not count.
    private func ownMatches(_ require: RequirementDraft, all: Bool = true) -> [ScopeMatch]? {
        let issuers = require.issuers.map { name in draft.issuers.entries.first { $0.name.value == name.value }?.value }
        let own = issuers.filter { $0?.isEmbedded == true }
        guard !own.isEmpty, !all || own.count == issuers.count else { return nil }
        return own.compactMap { $0?.issuer.scopeMatch }
    }

    private func warn(_ scope: Located<String>, _ text: String) {
        let hint = Spelling.hint(for: scope.value, among: obtainable.scopes)
        draft.context.findings.warning(
            .unsatisfiable, at: scope.position,
            text + (hint.isEmpty ? "; grant it to one: portcullis client add --scope …" : hint))
    }
}
