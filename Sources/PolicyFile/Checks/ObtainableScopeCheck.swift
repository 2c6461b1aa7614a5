import Policy

/// A route that asks for a scope that no client may obtain is closed to everybody. Only where all tokens come from the
/// built-in authorization server: what other issuers grant nobody knows here.
struct ObtainableScopeCheck {
    let draft: PolicyDraft
    let obtainable: ObtainableScopes

    func run() {
        checkUsers()
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

    /// How its issuers compare scopes; nil: tokens of others count, too, or something in them is not known.
    private func ownMatches(_ require: RequirementDraft) -> [ScopeMatch]? {
        let issuers = require.issuers.map { name in draft.issuers.entries.first { $0.name.value == name.value }?.value }
        guard !issuers.isEmpty, issuers.allSatisfy({ $0?.isEmbedded == true }) else { return nil }
        return issuers.compactMap { $0?.issuer.scopeMatch }
    }

    private func warn(_ scope: Located<String>, _ text: String) {
        let hint = Spelling.hint(for: scope.value, among: obtainable.scopes)
        draft.context.findings.warning(
            .unsatisfiable, at: scope.position,
            text + (hint.isEmpty ? "; grant it to one: portcullis client add --scope …" : hint))
    }
}
