import Synchronization

/// The trust in client certificates that connections were opened with. Connections hold it for their life, and a reload
/// that takes an authority away withdraws it: a certificate that was verified then says nothing any more. It is not known
/// which authority vouched for which certificate, so it ends for all of them; their clients connect anew.
final class ClientTrust: Sendable {
    private let withdrawn = Atomic<Bool>(false)

    var isWithdrawn: Bool { withdrawn.load(ordering: .relaxed) }
    func withdraw() { withdrawn.store(true, ordering: .relaxed) }
}
