import Policy

/// A scope that clients may register for and that no route asks for is most likely misspelt: whoever registers then gets
/// 403 everywhere.
struct RegistrationScopeCheck {
    let draft: PolicyDraft

    /// About the user, not about a service (OpenID Connect Core §5.4, §11).
    static let ofOpenIDConnect = ["openid", "profile", "email", "offline_access"]

    func run() {
        guard let scopes = draft.authorizationServer?.registrationScopes, !draft.routes.isEmpty else { return }
        let asked = draft.routes.flatMap { ($0.require?.scopes ?? []) + ($0.require?.anyScope ?? []) }.map(\.value)
        for scope in scopes where !asked.contains(scope.value) && !Self.ofOpenIDConnect.contains(scope.value) {
            // Reported as an error.
            guard !AdminRoutes.isCovered(by: scope.value) else { continue }
            draft.context.findings.warning(
                .unused, at: scope.position,
                "scope \(Shown.value(scope.value)) of \"registration\" is asked for by no route\(Spelling.hint(for: scope.value, among: asked))"
            )
        }
    }
}
