import Foundation
import GRDB

extension Configuration {
    /// What every connection has in common.
    ///
    /// Its threads are no more urgent than event loops. GRDB would have them at a nice value of -2: who may have that outruns the
    /// data plane, and who may not is told so on standard error by the system's library, each time a thread begins.
    /// - Parameter seconds: how long a statement waits for another process's.
    static func waiting(_ seconds: TimeInterval) -> Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(seconds)
        configuration.qos = .default
        return configuration
    }
}
