import Policy

/// Services on the issuer's host are the same site and origin as its pages, whatever their path: a page of theirs can
/// read and press the buttons of the consent page in a user's name. The gateway keeps its cookies from them
/// (`AuthorizationServerCookie`), but scripts in the browser are beyond its reach; so the issuer should have a host of
/// its own.
struct IssuerHostCheck {
    let draft: PolicyDraft

    func run() {
        guard let issuer = draft.authorizationServer?.identifier else { return }
        let host = issuer.value.host
        let routes = draft.routes.filter { route in
            guard case .upstream = route.destination, let hosts = route.match?.hosts else { return false }
            return hosts.isEmpty || hosts.contains { HostPattern.covers($0, host) }
        }
        guard let first = routes.first else { return }
        let others = routes.count == 1 ? "" : " and \(routes.count - 1) more"
        let answer = routes.count == 1 ? "answers" : "answer"
        let open = routes.contains { $0.match?.hosts.isEmpty ?? false }
        let way =
            open
            ? "name other \"hosts\" in every route, or give the issuer a host that no route has"
            : "give the issuer a host that no route has"
        draft.context.findings.warning(
            .sharedIssuerHost, at: issuer.position,
            "\(first.name)\(others) \(answer) on \(Shown.value(host)), too: scripts of services there can act in the name of users who are logged in; \(way)"
        )
    }
}
