import Policy

/// Whether as many connections can be open as the listeners may have. Out of descriptors nothing can be accepted, and no
/// service be reached.
struct DescriptorCheck {
    let draft: PolicyDraft

    /// For files, the log, the database.
    static let others = 256

    func run() {
        guard let most = draft.context.files.descriptorsMax, let first = draft.listeners.first else { return }
        let connections = draft.listeners.reduce(0) { $0 + ($1.listener?.connectionsMax ?? 0) }
        guard connections + Self.others > most else { return }
        draft.context.findings.warning(
            .tooFewDescriptors, at: first.position,
            "the listeners may have \(connections) connections (connections_max), but a process here \(most) descriptors, and requests to services need some as well; raise the hard limit (ulimit -Hn, LimitNOFILE=), or lower connections_max"
        )
    }
}
