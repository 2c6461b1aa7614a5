package import Admission
import Synchronization

/// What the built-in authorization server has taken back, as it is known now: new event loops begin with it.
package final class RevocationLedger: Sendable {
    private let known = Mutex(RevocationSet())

    /// All that are live.
    package var current: RevocationSet { known.withLock { $0 } }

    /// Takes the newer one; sets may come in any order.
    package func replace(with new: RevocationSet) {
        known.withLock { if new.generation > $0.generation { $0 = new } }
    }
}
