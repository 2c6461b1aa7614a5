/// Whether a file of certificate authorities can be trusted with verifying peers.
package enum AuthorityCheck {
    /// All that is wrong with the file at this time (seconds since 1970); empty: nothing. A file in which no authority
    /// is left is an error: it must never come to mean "trust whatever the system trusts", or nobody silently.
    package static func check(path: String, now: Int64) -> [CertificateFinding] {
        let read: PEMCertificates
        do throws(PEMFileError) {
            read = try PEMCertificates(PEMFile(path: path))
        } catch {
            return [CertificateFinding(.authorities, .error, error.message)]
        }
        guard read.facts.contains(where: \.isCA) else {
            return [
                CertificateFinding(
                    .authorities, .error, "holds no certificate of an authority (basic constraints CA:TRUE)")
            ]
        }
        var findings: [CertificateFinding] = []
        for (index, facts) in read.facts.enumerated() {
            findings += Validity.findings(.authorities, facts, number: index + 1, of: read.facts.count, now: now)
            if !facts.isCA {
                findings.append(
                    CertificateFinding(.authorities, .warning, "certificate \(index + 1) is not that of an authority"))
            }
        }
        // One authority of several that has expired is housekeeping; all of them is an outage.
        let isUsable = read.facts.contains { $0.isCA && $0.notBefore <= now && now <= $0.notAfter }
        return isUsable ? findings.map { CertificateFinding($0.subject, .warning, $0.message) } : findings
    }
}
