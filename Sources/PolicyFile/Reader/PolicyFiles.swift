import Policy

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
    /// What the first certificate of a chain is for; nil: it cannot be read, or is not looked at here.
    func certificateNames(chain: String) -> CertificateNames?
    /// Whether an environment variable has a value here.
    func isSet(environment name: String) -> Bool
    /// Whether this machine has a bundle of certificate authorities of its own.
    var hasSystemAuthorities: Bool { get }
    /// What is wrong with a file of certificate authorities; it exists and is readable when this is asked.
    func authorityFindings(path: String) -> [PolicyFileFinding]
    /// SHA-256 of the octets, 32 of them: it names the policy. (This module has no cryptography of its own.)
    func sha256(_ bytes: [UInt8]) -> [UInt8]
    /// Files and sockets that a process may have open here; nil: not known.
    var descriptorsMax: Int? { get }
    /// Processors that a process may use here: there are as many event loops where `workers` says nothing.
    var processors: Int { get }
}

extension PolicyFiles {
    /// Not looked at.
    package func certificateNames(chain: String) -> CertificateNames? { nil }
    /// Taken for set.
    package func isSet(environment name: String) -> Bool { true }
    /// Taken for there.
    package var hasSystemAuthorities: Bool { true }
}

/// Whom a server's certificate is for (RFC 9525 §6.3): its subject alternative names.
package struct CertificateNames: Sendable, Equatable {
    /// Lower case; the first label may be `*`.
    package var dnsNames: [String]
    /// As text, in their shortest form.
    package var ipAddresses: [String]

    package init(dnsNames: [String], ipAddresses: [String]) {
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
    }

    /// Whether a client that asked for this host takes the certificate. A `*` stands for one label.
    /// - Parameter host: lower case; an IPv6 address in brackets or without.
    package func cover(_ host: String) -> Bool {
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        if ipAddresses.contains(bare) { return true }
        return dnsNames.contains { name in
            guard name.hasPrefix("*.") else { return name == host }
            guard let dot = host.firstIndex(of: ".") else { return false }
            return host[dot...] == name.dropFirst()
        }
    }

    /// For messages, a few of many.
    var shown: String {
        let all = dnsNames + ipAddresses
        let more = all.count > 5 ? " and \(all.count - 5) more" : ""
        return all.isEmpty ? "no name" : all.prefix(5).map(Shown.value).joined(separator: ", ") + more
    }
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
