import GRDB
import Synchronization

/// SQLite files that this process has open, so that they can be closed in order when it ends: the connection that may write
/// last, because only it takes away the log and the index beside the file.
package enum OpenDatabases {
    /// nil: nobody will close them, and they close as they are let go of.
    private static let pools = Mutex<[DatabasePool]?>(nil)

    /// From here on they stay open until `closeAll`. For programs, which open one or two.
    package static func keepUntilEnd() { pools.withLock { $0 = [] } }

    static func add(_ pool: DatabasePool) { pools.withLock { $0?.append(pool) } }

    /// Nothing can be read or written any more.
    package static func closeAll() {
        for pool in pools.withLock({ pools in
            defer { pools = nil }
            return pools ?? []
        }) {
            pool.releaseMemory()
            try? pool.close()
        }
    }
}
