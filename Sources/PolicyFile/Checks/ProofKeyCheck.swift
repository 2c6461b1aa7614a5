import Policy

/// A client whose authorization requests may come without PKCE (`require_pkce: false`) relies on comparing `nonce` itself
/// (RFC 9700 §2.1.1): nobody here sees whether it does.
struct ProofKeyCheck {
    /// Of clients that are named.
    private static let namesMax = 5

    let draft: PolicyDraft
    /// Ids.
    let clients: [String]

    func run() {
        guard let server = draft.authorizationServer, !clients.isEmpty else { return }
        let names = clients.prefix(Self.namesMax).map { Shown.value($0) }.joined(separator: ", ")
        let more = clients.count > Self.namesMax ? " and \(clients.count - Self.namesMax) more" : ""
        draft.context.findings.warning(
            .withoutPKCE, at: server.position,
            "clients of \"authorization_server\" may send authorization requests without PKCE (require_pkce: false): \(names)\(more); a stolen code can be used with them unless they compare nonce; register them again without --no-pkce once they know PKCE"
        )
    }
}
