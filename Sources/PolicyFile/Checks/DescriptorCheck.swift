import Octets
import Policy

/// Whether as many connections can be open as the listeners and the upstreams may have. Out of descriptors nothing can be
/// accepted, and no service be reached.
struct DescriptorCheck {
    let draft: PolicyDraft

    /// For files, the log, the database.
    static let others = 256

    func run() {
        let files = draft.context.files
        guard let most = files.descriptorsMax, let first = draft.listeners.first else { return }
        let clients = draft.listeners.reduce(0) { $0 + ($1.listener?.connectionsMax ?? 0) }
        let workers = draft.workers ?? files.processors
        // Each event loop has connections of its own to each endpoint.
        let ofWorker = draft.upstreams.values.reduce(0) { $0 + $1.endpoints.count * $1.connectionsPerWorkerMax }
        let services = Int(clamping: Int64(ofWorker).saturatingMultiply(Int64(workers)))
        let all = Int(clamping: Int64(clients + Self.others).saturatingAdd(Int64(services)))
        guard all > most else { return }
        draft.context.findings.warning(
            .tooFewDescriptors, at: first.position,
            """
            a process here may have \(most) descriptors, and this policy may need \(all): \(clients) for clients \
            (connections_max), \(services) for services (\(workers) workers × \(ofWorker), the sum of \
            connections_per_worker_max of all endpoints) and \(Self.others) for everything else; raise the hard limit \
            (ulimit -Hn, LimitNOFILE=), or lower connections_max or connections_per_worker_max
            """)
    }
}
