import Certificates
import Policy

/// The times of all certificates that a policy names, read when the policy comes into force.
struct CertificateTimes: Sendable {
    /// What an operator must look at.
    enum Alarm: String, Sendable {
        case expired
        case notYetValid = "not_yet_valid"
        /// Within `KeyPairCheck.expiresSoonSeconds`.
        case expiresSoon = "expires_soon"

        /// Whatever needs the certificate fails now.
        var isFailure: Bool { self != .expiresSoon }
    }

    /// One certificate of a file.
    struct Entry: Sendable, Hashable {
        let path: String
        /// Where the policy names the file.
        let place: String
        /// From 1, in the order of the file.
        let number: Int
        /// As in audit records.
        let identity: String
        /// Seconds since 1970.
        let notBefore: Int64
        /// Seconds since 1970.
        let notAfter: Int64

        /// nil: nothing is wrong.
        /// - Parameter now: seconds since 1970.
        func alarm(now: Int64) -> Alarm? {
            if now > notAfter { return .expired }
            if now < notBefore { return .notYetValid }
            return notAfter - now < KeyPairCheck.expiresSoonSeconds ? .expiresSoon : nil
        }
    }

    /// A bundle of the authorities of the web has some 150 certificates.
    static let entriesMax = 10_000

    /// Seconds that lie, at most, between the policy's findings and the reading of these times.
    static let findingsSecondsMax: Int64 = 60

    private let entries: [Entry]
    /// Seconds since 1970.
    private let readAt: Int64

    /// - Parameter readAt: seconds since 1970.
    init(_ entries: [Entry] = [], readAt: Int64) {
        self.entries = entries
        self.readAt = readAt
    }

    /// Reads the files. One that cannot be read is passed over: the policy's findings have said so.
    /// - Parameter now: seconds since 1970.
    init(_ files: [CertificateFile], now: Int64) {
        var read: [String: [CertificateFacts]] = [:]
        var entries: [Entry] = []
        for file in files where entries.count < Self.entriesMax {
            let facts = read[file.path] ?? (try? PEMCertificates(path: file.path).facts) ?? []
            read[file.path] = facts
            for (index, facts) in facts.enumerated() {
                entries.append(
                    Entry(
                        path: file.path, place: file.place, number: index + 1, identity: facts.identity,
                        notBefore: facts.notBefore, notAfter: facts.notAfter))
            }
        }
        self.entries = entries
        readAt = now
    }

    /// Whether the policy's findings named this alarm of the certificate, and not another one, or none yet. False where
    /// it began about then.
    func isAmongFindings(_ alarm: Alarm, of entry: Entry) -> Bool {
        entry.alarm(now: readAt) == alarm && entry.alarm(now: readAt &- Self.findingsSecondsMax) == alarm
    }

    /// When the first certificate of each file ends, sorted by path; of `filesShownMax` files.
    var ends: [(path: String, notAfter: Int64)] {
        var ends: [String: Int64] = [:]
        for entry in entries { ends[entry.path] = min(ends[entry.path] ?? .max, entry.notAfter) }
        return ends.sorted { $0.key < $1.key }.prefix(Self.filesShownMax).map { ($0.key, $0.value) }
    }
    private static let filesShownMax = 1_000

    /// Those that need somebody, in the order of the policy.
    /// - Parameter now: seconds since 1970.
    func alarms(now: Int64) -> [(entry: Entry, alarm: Alarm)] {
        entries.compactMap { entry in entry.alarm(now: now).map { (entry, $0) } }
    }
}
