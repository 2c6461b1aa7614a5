import Policy

/// The management interface needs somebody who vouches for its tokens and a listener where it exists; and nobody may
/// give its scopes to himself.
struct AdminCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        checkRegistration()
        guard let server = draft.authorizationServer, let admin = server.admin else { return }
        // An entry that is wrong in itself may be meant: its own findings come first.
        if draft.issuers.entries.allSatisfy({ $0.value?.isEmbedded == false }) {
            findings.error(
                .unsatisfiable, at: admin.position,
                "\"admin\" lets in tokens of this server, but no issuer stands for it; add issuers: {local: {embedded: true}}"
            )
        }
        let listeners = draft.listeners.compactMap(\.listener)
        guard !admin.value.anyListener, listeners.count == draft.listeners.count, !listeners.isEmpty else { return }
        if !listeners.contains(where: \.isForThisMachine) {
            findings.error(
                .unsatisfiable, at: admin.position,
                "\"admin\" exists on listeners of this machine only, and there is none; add a listener with address: 127.0.0.1:PORT, or say insecure_any_listener: true"
            )
        }
    }

    /// Whether the interface is on or not: what is granted today counts on the day that it is.
    private func checkRegistration() {
        for scope in draft.authorizationServer?.registrationScopes ?? [] where AdminRoutes.isCovered(by: scope.value) {
            findings.error(
                .contradiction, at: scope.position,
                "scope \(Shown.value(scope.value)) of \"registration\": clients that register themselves must not manage the server; scopes that begin with admin, or have a *, are not for them"
            )
        }
    }
}
