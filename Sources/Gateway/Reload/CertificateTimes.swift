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

    private let entries: [Entry]

    init(_ entries: [Entry] = []) { self.entries = entries }

    /// Reads the files. One that cannot be read is passed over: the policy's findings have said so.
    init(_ files: [CertificateFile]) {
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
    }

    /// Those that need somebody, in the order of the policy.
    /// - Parameter now: seconds since 1970.
    func alarms(now: Int64) -> [(entry: Entry, alarm: Alarm)] {
        entries.compactMap { entry in entry.alarm(now: now).map { (entry, $0) } }
    }
}
