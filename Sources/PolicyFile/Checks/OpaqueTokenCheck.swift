import Policy

/// An opaque token does not say whose it is: on each route it must be clear whom to ask, or it would be shown to
/// issuers that it does not belong to.
struct OpaqueTokenCheck {
    let draft: PolicyDraft

    func run() {
        for route in draft.routes {
            let asked = (route.require?.issuers ?? []).compactMap { name in
                draft.issuers.entries.first { $0.name.value == name.value }?.value?.issuer.askedAboutOpaqueTokens(
                    named: name)
            }
            for (place, later) in asked.enumerated() {
                if let earlier = asked[..<place].first(where: { $0.isAmbiguous(beside: later) }) {
                    note(route, earlier, later)
                }
            }
        }
    }

    private func note(_ route: RouteDraft, _ earlier: Asked, _ later: Asked) {
        let why =
            earlier.prefixes.isEmpty || later.prefixes.isEmpty
            ? "both are asked about opaque tokens; give each \"token_prefixes\" in its introspection"
            : "a \"token_prefixes\" of one begins as one of the other"
        draft.context.findings.error(
            .contradiction, at: later.name.position,
            "\(route.name): an opaque token could belong to issuer \(Shown.value(earlier.name.value)) or \(Shown.value(later.name.value)): \(why)"
        )
    }
}

/// An issuer of a route that opaque tokens may belong to.
private struct Asked {
    let name: Located<String>
    let prefixes: [String]

    func isAmbiguous(beside other: Asked) -> Bool {
        guard name.value != other.name.value else { return false }
        guard !prefixes.isEmpty, !other.prefixes.isEmpty else { return true }
        return prefixes.contains { one in other.prefixes.contains { one.hasPrefix($0) || $0.hasPrefix(one) } }
    }
}

extension Issuer {
    fileprivate func askedAboutOpaqueTokens(named name: Located<String>) -> Asked? {
        guard judgement == .introspection, let introspection else { return nil }
        return Asked(name: name, prefixes: introspection.tokenPrefixes)
    }
}
