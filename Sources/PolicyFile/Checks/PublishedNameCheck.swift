import Policy

/// Protected-resource metadata (RFC 9728) has one document for all routes of a resource; where two of them differ in
/// what clients need, it cannot say so.
struct PublishedNameCheck {
    let draft: PolicyDraft
    let policy: Policy

    func run() {
        guard policy.resourceMetadata != nil else { return }
        for conflict in ProtectedResources(policy).conflicts() {
            guard draft.routes.indices.contains(conflict.route), draft.routes.indices.contains(conflict.other) else {
                continue
            }
            let route = draft.routes[conflict.route]
            let other = draft.routes[conflict.other]
            let resource = Shown.value(conflict.path.isEmpty ? "/" : conflict.path)
            switch conflict.kind {
            case .proof:
                draft.context.findings.warning(
                    .partlyPublished, at: route.position,
                    "\(route.name) and \(other.name) are one resource, \(resource), but differ in \"proof\": its metadata cannot say which tokens must be bound, and clients find out when they are refused; give both the same \"proof\", or paths that differ before the first {capture}"
                )
            case .audience:
                draft.context.findings.warning(
                    .partlyPublished, at: route.position,
                    "\(route.name) and \(other.name) are one resource, \(resource), but accept no audience in common: a token that a client asks for by that name opens only one of them; let both accept one audience, or give them paths that differ before the first {capture}"
                )
            }
        }
    }
}
