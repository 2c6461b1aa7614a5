/// What a policy's reader asks of the files that `routes.yaml` names: the port through which this module sees the disk.
///
/// The gateway gives the real one (`Certificates` looks into the PEM files); tests give one from memory. Paths come
/// resolved against the folder of `routes.yaml`. No method throws: what is wrong with a file is an answer.
package protocol PolicyFiles {
    /// What stands at the path.
    func status(of path: String) -> PolicyFileStatus
    /// The file's octets, `bytesMax` at most; a longer file is a failure.
    func read(_ path: String, bytesMax: Int) -> Result<[UInt8], PolicyFileFailure>
    /// What is wrong with a certificate chain and its key; both exist and are readable when this is asked.
    func keyPairFindings(chain: String, key: String) -> [PolicyFileFinding]
    /// What is wrong with a file of certificate authorities; it exists and is readable when this is asked.
    func authorityFindings(path: String) -> [PolicyFileFinding]
    /// SHA-256 of the octets, 32 of them: it names the policy. (This module has no cryptography of its own.)
    func sha256(_ bytes: [UInt8]) -> [UInt8]
    /// Files and sockets that a process may have open here; nil: not known.
    var descriptorsMax: Int? { get }
    /// Processors that a process may use here: there are as many event loops where `workers` says nothing.
    var processors: Int { get }
}

/// What there is at a path, links followed.
package enum PolicyFileStatus: Sendable, Equatable {
    /// Nothing, or nothing that this process can see.
    case missing
    /// It exists, but this process may not read it.
    case unreadable
    /// A folder.
    case folder
    /// POSIX permission bits, `0o600`.
    case file(permissions: UInt16)
}

/// Why a file's contents are not there.
package struct PolicyFileFailure: Error, Sendable, Equatable {
    /// `tooLarge`: it has more octets than the reader wanted.
    package enum Reason: Sendable, Equatable { case missing, unreadable, tooLarge }
    /// What the finding will say.
    package var reason: Reason
    package init(_ reason: Reason) {
        self.reason = reason
    }
}

/// What a look into a PEM file found.
package struct PolicyFileFinding: Sendable, Equatable {
    /// Which of the files of an entry it is about.
    package enum Subject: Sendable, Equatable { case chain, key, authorities }
    /// What it means for the policy.
    package enum Severity: String, Sendable, Equatable {
        /// The file cannot be used, and so neither can the policy.
        case error
        /// Somebody should look.
        case warning
        /// One of its certificates has expired or is not valid yet. Time brings that about and no edit, so the policy
        /// takes effect all the same: whoever is shown the certificate refuses it.
        case notValidNow = "not-valid-now"
    }
    package var subject: Subject
    package var severity: Severity
    /// A sentence without the file's name in front, such as `expired on 2026-01-01`; the reader puts the name there.
    package var message: String
    package init(_ subject: Subject, _ severity: Severity, _ message: String) {
        self.subject = subject
        self.severity = severity
        self.message = message
    }
}
