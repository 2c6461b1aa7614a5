/// Whether a file of certificate authorities can be trusted with verifying peers.
package enum AuthorityCheck {
    /// All that is wrong with the file at this time (seconds since 1970); empty: nothing. A file in which no authority
    /// is is an error: it must never come to mean "trust whatever the system trusts". Authorities whose time is over are not:
    /// they vouch for nobody, and that is said.
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
        if !read.facts.contains(where: { $0.isCA && $0.isValid(at: now) }) {
            findings.append(
                CertificateFinding(
                    .authorities, .notValidNow, "holds no authority that is valid now"))
        }
        return findings
    }
}
