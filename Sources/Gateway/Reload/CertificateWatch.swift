import DataPlane
import Foundation
import Logging
import ServiceLifecycle

/// Says in the log when the time of a certificate that is in use comes to its end or is over, and again once a day
/// while it lasts. Time needs no reload to pass.
struct CertificateWatch: Service {
    /// How often it is looked.
    static let interval: Duration = .seconds(60)

    let current: CurrentPolicy
    let logger: Logger
    var clock = ControlClock.system

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var reminders = CertificateReminders()
            while !Task.isCancelled {
                if let inForce = current.inForce {
                    let now = clock.unixSeconds()
                    for (entry, alarm) in reminders.due(
                        inForce.certificates, generation: inForce.snapshot.generation, now: now)
                    {
                        log(entry, alarm)
                    }
                }
                do { try await clock.sleep(for: Self.interval) } catch { return }
            }
        }
    }

    private func log(_ entry: CertificateTimes.Entry, _ alarm: CertificateTimes.Alarm) {
        let (level, message): (Logger.Level, Logger.Message) =
            switch alarm {
            case .expired: (.error, "a certificate has expired: what needs it fails until it is renewed")
            case .notYetValid: (.error, "a certificate is not valid yet: what needs it fails until then")
            case .expiresSoon: (.warning, "a certificate expires soon")
            }
        logger.log(
            level: level, message,
            metadata: [
                "place": "\(entry.place)", "file": "\(entry.path)", "number": "\(entry.number)",
                "identity": "\(entry.identity)", "not_before": "\(RFC3339.text(entry.notBefore))",
                "not_after": "\(RFC3339.text(entry.notAfter))",
            ])
    }
}

/// Which alarms are to be logged: each when it begins, and then once a day.
struct CertificateReminders {
    static let intervalSeconds: Int64 = 86_400

    private struct Subject: Hashable {
        let entry: CertificateTimes.Entry
        let alarm: CertificateTimes.Alarm
    }
    /// Seconds since 1970.
    private var said: [Subject: Int64] = [:]
    private var generation: Int?

    /// - Parameters:
    ///   - generation: of the policy: the alarms that stand among its findings are in the log already.
    ///   - now: seconds since 1970.
    mutating func due(_ times: CertificateTimes, generation: Int, now: Int64)
        -> [(entry: CertificateTimes.Entry, alarm: CertificateTimes.Alarm)]
    {
        let isNew = generation != self.generation
        self.generation = generation
        let alarms = times.alarms(now: now)
        var still: [Subject: Int64] = [:]
        var due: [(entry: CertificateTimes.Entry, alarm: CertificateTimes.Alarm)] = []
        for (entry, alarm) in alarms {
            let subject = Subject(entry: entry, alarm: alarm)
            let last = said[subject]
            // A clock that was set back begins a new day.
            let isDue =
                last.map { now - $0 >= Self.intervalSeconds || now < $0 }
                ?? !(isNew && times.isAmongFindings(alarm, of: entry))
            if isDue { due.append((entry, alarm)) }
            still[subject] = isDue ? now : last ?? now
        }
        said = still
        return due
    }
}

/// Times as people and programs read them.
enum RFC3339 {
    /// UTC, whole seconds.
    static func text(_ unixSeconds: Int64) -> String {
        Date(timeIntervalSince1970: Double(unixSeconds)).formatted(.iso8601)
    }
}
