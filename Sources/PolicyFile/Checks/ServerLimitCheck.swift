import Policy

/// Whoever reaches the authorization server may send it requests before there is any token: each costs work, and some are
/// stored for minutes.
struct ServerLimitCheck {
    let draft: PolicyDraft

    func run() {
        guard let server = draft.authorizationServer, server.limits.isEmpty,
            draft.listeners.compactMap(\.listener).contains(where: { !$0.isForThisMachine })
        else { return }
        let name = draft.limits.entries.first { $0.value?.by == [.ip] }?.name.value
        let ending =
            name.map { "; write limits: [\($0)] in it" }
            ?? "; write limits: [per_address] in it, and limits: {per_address: {by: ip, rate: 20/s, burst: 40}} at the top level"
        draft.context.findings.warning(
            .withoutLimits, at: server.position,
            "\"authorization_server\" has no \"limits\", and other machines can reach it: one address may send it as much as it likes"
                + ending)
    }
}
