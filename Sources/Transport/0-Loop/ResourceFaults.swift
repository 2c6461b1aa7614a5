import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Connections that could not be made or accepted for want of something of this machine: descriptors, memory, ports.
/// Counted for all loops together, and told at most once in a minute, however often it happens.
package final class ResourceFaults: Sendable {
    /// What is missing.
    package enum Kind: String, Sendable, CaseIterable {
        /// EMFILE: the process has as many open files and sockets as it may (RLIMIT_NOFILE).
        case processDescriptors = "process_descriptors"
        /// ENFILE: so has the machine.
        case machineDescriptors = "machine_descriptors"
        /// ENOBUFS, ENOMEM.
        case memory = "memory"
        /// EADDRNOTAVAIL: all local ports towards one address are in use.
        case localPorts = "local_ports"

        init?(errno code: CInt) {
            switch code {
            case EMFILE: self = .processDescriptors
            case ENFILE: self = .machineDescriptors
            case ENOBUFS, ENOMEM: self = .memory
            case EADDRNOTAVAIL: self = .localPorts
            default: return nil
            }
        }
    }

    /// How it stands.
    package struct Status: Sendable, Equatable {
        /// Since the start.
        package var count = 0
        /// What was missing within the last minute; nil: nothing.
        package var alarm: Kind?

        /// Nothing was missing.
        package init() {}
    }

    private struct State {
        var count = 0
        var last: (kind: Kind, at: Int64)?
        var toldAt: Int64?
    }
    private let state = Mutex(State())
    private let tell: @Sendable (Kind, Int) -> Void
    /// How long a fault counts as one of now, and how far apart it is told.
    static let intervalNanoseconds: Int64 = 60_000_000_000

    /// - Parameter tell: what is missing, and how many there were since the start.
    package init(tell: @escaping @Sendable (Kind, Int) -> Void = { _, _ in }) { self.tell = tell }

    func note(_ kind: Kind, now: Int64) {
        let count = state.withLock { state -> Int? in
            state.count += 1
            state.last = (kind, now)
            if let told = state.toldAt, now &- told < Self.intervalNanoseconds { return nil }
            state.toldAt = now
            return state.count
        }
        if let count { tell(kind, count) }
    }

    /// - Parameter now: monotonic nanoseconds.
    package func status(now: Int64) -> Status {
        state.withLock { state in
            let recent = state.last.flatMap { now &- $0.at < Self.intervalNanoseconds ? $0.kind : nil }
            var status = Status()
            (status.count, status.alarm) = (state.count, recent)
            return status
        }
    }
}

extension ResourceFaults.Kind {
    /// What an error of NIO means; nil: it is not for want of anything of this machine.
    init?(_ error: any Error) {
        if let error = error as? IOError {
            guard let kind = Self(errno: error.errnoCode) else { return nil }
            self = kind
        } else if let error = error as? NIOConnectionError {
            let kinds = error.connectionErrors.compactMap { Self($0.error) }
            if let kind = kinds.first(where: { $0 != .localPorts })
                ?? (error.dnsAError as? SystemNames.Failure)?.missing
            {
                self = kind
            } else if !kinds.isEmpty, kinds.count == error.connectionErrors.count {
                // Where a machine has no IPv6, its attempts say EADDRNOTAVAIL too: what the others say counts.
                self = .localPorts
            } else if error.connectionErrors.isEmpty, !FileDescriptors.isOneFree {
                // Resolving the name needs a descriptor too, and does not say what it lacked.
                self = .processDescriptors
            } else {
                return nil
            }
        } else {
            return nil
        }
    }
}
