import Certificates
import Crypto
package import Foundation
import Policy
package import PolicyFile
import Transport

/// The disk, as the policy's reader may ask for it: file states, octets, and a look into PEM files.
package struct DiskPolicyFiles: PolicyFiles {
    private let now: @Sendable () -> Date

    package init(now: @escaping @Sendable () -> Date = { Date() }) {
        self.now = now
    }

    package func status(of path: String) -> PolicyFileStatus {
        FileStatus.of(path)
    }

    package func read(_ path: String, bytesMax: Int) -> Result<[UInt8], PolicyFileFailure> {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return .failure(PolicyFileFailure(FileStatus.of(path) == .missing ? .missing : .unreadable))
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: bytesMax + 1) else {
            // An empty file reads as nil at its end.
            return status(of: path) == .folder ? .failure(PolicyFileFailure(.unreadable)) : .success([])
        }
        return data.count > bytesMax ? .failure(PolicyFileFailure(.tooLarge)) : .success([UInt8](data))
    }

    package var descriptorsMax: Int? { FileDescriptors.most }

    package var processors: Int { ProcessInfo.processInfo.activeProcessorCount }

    package func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

    package func keyPairFindings(chain: String, key: String) -> [PolicyFileFinding] {
        KeyPairCheck.check(chain: chain, key: key, now: unixSeconds).map(PolicyFileFinding.init)
    }

    package func certificateNames(chain: String) -> CertificateNames? {
        guard let first = (try? PEMCertificates(path: chain))?.facts.first else { return nil }
        return CertificateNames(dnsNames: first.dnsNames.map { $0.lowercased() }, ipAddresses: first.ipAddresses)
    }

    package func isSet(environment name: String) -> Bool {
        ProcessInfo.processInfo.environment[name].map { !$0.isEmpty } ?? false
    }

    /// The places of distributions, as TLS looks for them.
    package var hasSystemAuthorities: Bool {
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"].contains {
            if case .file = FileStatus.of($0) { true } else { false }
        }
    }

    package func authorityFindings(path: String) -> [PolicyFileFinding] {
        AuthorityCheck.check(path: path, now: unixSeconds).map(PolicyFileFinding.init)
    }

    private var unixSeconds: Int64 { Int64(now().timeIntervalSince1970) }
}

extension PolicyFileFinding {
    fileprivate init(_ finding: CertificateFinding) {
        let subject: Subject =
            switch finding.subject {
            case .chain: .chain
            case .key: .key
            case .authorities: .authorities
            }
        let severity: Severity =
            switch finding.severity {
            case .error: .error
            case .warning: .warning
            case .notValidNow: .notValidNow
            }
        self.init(subject, severity, finding.message)
    }
}
