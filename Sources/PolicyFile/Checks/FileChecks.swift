import Policy

/// Looks at the files that the policy names, through the port, and notes what is wrong where they are named.
struct FileChecks {
    let context: ReadingContext

    private var findings: FindingCollector { context.findings }

    /// A chain and its key.
    func check(chain: Located<String>, key: Located<String>) {
        let chainIsThere = isReadable(chain, "certificate chain")
        let keyIsThere = isReadable(key, "private key")
        if keyIsThere { checkPermissions(of: key) }
        if chainIsThere { addCertificates(chain) }
        guard chainIsThere, keyIsThere else { return }
        for finding in context.files.keyPairFindings(chain: context.path(chain.value), key: context.path(key.value)) {
            note(
                finding, about: finding.subject == .key ? key : chain,
                finding.subject == .key ? "private key" : "certificate chain", .badCertificate)
        }
    }

    /// A file of certificate authorities.
    func check(authorities path: Located<String>) {
        guard isReadable(path, "file of certificate authorities") else { return }
        addCertificates(path)
        for finding in context.files.authorityFindings(path: context.path(path.value)) {
            note(finding, about: path, "file of certificate authorities", .badAuthorities)
        }
    }

    /// Where no authorities are named, those of the machine are trusted: then there must be some.
    func checkSystemAuthorities(for name: String, at position: SourcePosition) {
        guard !context.files.hasSystemAuthorities else { return }
        findings.warning(
            .badAuthorities, at: position,
            "\(name) trusts the certificate authorities of this machine, and it has none: every connection fails; name a file (authorities: PATH), or install them (Debian: ca-certificates)"
        )
    }

    /// A file with a secret in it, of so many octets at least.
    func check(secret path: Located<String>, octetsMin: Int) {
        guard isReadable(path, "secret") else { return }
        checkPermissions(of: path)
        guard case .success(let octets) = context.files.read(context.path(path.value), bytesMax: 65_536),
            octets.count < octetsMin
        else { return }
        findings.error(
            .weakSecret, at: path.position,
            "secret \(Shown.value(path.value)) has \(octets.count) octets, which can be guessed; it needs \(octetsMin), as from: openssl rand \(octetsMin)"
        )
    }

    /// Whether there is a file that can be read; notes why not.
    func isReadable(_ path: Located<String>, _ what: String) -> Bool {
        let name = Shown.value(path.value)
        switch context.files.status(of: context.path(path.value)) {
        case .file: return true
        case .missing:
            let hint =
                path.value.hasPrefix("certs/") ? "; \"portcullis certs init\" makes certificates for development" : ""
            findings.error(.fileMissing, at: path.position, "\(what) \(name): there is no such file\(hint)")
        case .unreadable:
            findings.error(.fileUnreadable, at: path.position, "\(what) \(name): no permission to read it")
        case .folder: findings.error(.fileUnreadable, at: path.position, "\(what) \(name) is a folder, expected a file")
        }
        return false
    }

    func checkPermissions(of path: Located<String>) {
        guard case .file(let permissions) = context.files.status(of: context.path(path.value)), permissions & 0o007 != 0
        else { return }
        let octal = String(permissions & 0o777, radix: 8)
        findings.warning(
            .keyPermissions, at: path.position,
            "\(Shown.value(path.value)) holds a secret and has mode 0\(octal): every user of this machine may open it; chmod 600 it"
        )
    }

    private func addCertificates(_ path: Located<String>) {
        context.certificateFiles.add(
            CertificateFile(
                path: context.path(path.value),
                place: "\(findings.file):\(path.position.line):\(path.position.column)"))
    }

    private func note(_ finding: PolicyFileFinding, about path: Located<String>, _ what: String, _ code: FindingCode) {
        let message = "\(what) \(Shown.value(path.value)) \(finding.message)"
        switch finding.severity {
        case .error: findings.error(code, at: path.position, message)
        case .warning: findings.warning(.certificateWarning, at: path.position, message)
        case .notValidNow:
            findings.warning(
                .certificateNotValid, at: path.position, message + "; meanwhile, only what needs it fails")
        }
    }
}
