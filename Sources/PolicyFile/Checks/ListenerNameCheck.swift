import Policy

/// What clients are told to connect to, beside what listeners show and ask for: the issuer's host, that of `mtls_origin`
/// and those of routes should stand in a certificate, and certificates of clients have to be asked for.
struct ListenerNameCheck {
    let draft: PolicyDraft

    private var findings: FindingCollector { draft.context.findings }

    func run() {
        checkSpelling()
        let listeners = draft.listeners.compactMap(\.listener)
        guard listeners.count == draft.listeners.count, !listeners.isEmpty else { return }
        checkMutualTLS(listeners)
        // Without TLS, something in front shows the certificates.
        guard listeners.allSatisfy({ $0.tls != nil }), let all = names(of: listeners) else { return }
        checkIssuer(all)
        checkHosts(all)
    }

    /// What a listener's certificates are for; nil: one cannot be read, which has been said.
    private func names(of listeners: [Listener]) -> [CertificateNames]? {
        var names: [CertificateNames] = []
        for pair in listeners.flatMap({ $0.tls?.certificates ?? [] }) {
            guard let own = draft.context.files.certificateNames(chain: pair.chain) else { return nil }
            names.append(own)
        }
        return names.isEmpty ? nil : names
    }

    private func checkIssuer(_ names: [CertificateNames]) {
        guard let issuer = draft.authorizationServer?.identifier,
            !names.contains(where: { $0.cover(issuer.value.host) })
        else { return }
        warn(
            issuer.position,
            "\"issuer\" in \"authorization_server\": no listener has a certificate for \(Shown.value(issuer.value.host)), so clients and browsers refuse it",
            names)
    }

    private func checkHosts(_ names: [CertificateNames]) {
        var said: Set<String> = []
        for route in draft.routes {
            for host in route.match?.hosts ?? [] where !covers(names, host) && said.insert(host).inserted {
                guard said.count <= Self.hostsMax else { return }
                warn(
                    route.position,
                    "\(route.name): no listener has a certificate for its host \(Shown.value(host)), so clients that ask for it refuse what is shown to them",
                    names)
            }
        }
    }

    /// Hosts that are named in findings at most.
    private static let hostsMax = 20

    /// A pattern is covered if anything of it is.
    private func covers(_ names: [CertificateNames], _ host: String) -> Bool {
        guard host.hasPrefix("*.") else { return names.contains { $0.cover(host) } }
        return names.contains { own in
            own.dnsNames.contains {
                $0 == host || HostPattern.covers(host, $0.hasPrefix("*.") ? "x" + $0.dropFirst() : $0)
            }
        }
    }

    private func warn(_ position: SourcePosition, _ text: String, _ names: [CertificateNames]) {
        let shown = CertificateNames(
            dnsNames: distinct(names.flatMap(\.dnsNames)), ipAddresses: distinct(names.flatMap(\.ipAddresses))
        ).shown
        findings.warning(.nameMismatch, at: position, text + "; there are certificates for \(shown)")
    }

    private func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    // MARK: mtls_origin

    /// RFC 8705 §5: certificates of clients must be asked for where clients are sent with them.
    private func checkMutualTLS(_ listeners: [Listener]) {
        guard let server = draft.authorizationServer, let origin = server.mtlsOrigin else { return }
        func warn(_ text: String) {
            findings.warning(
                .unsatisfiable, at: origin.position, "\"mtls_origin\" in \"authorization_server\": \(text)")
        }
        // Where TLS ends in front, nothing is known of what is asked for there.
        guard listeners.allSatisfy({ $0.tls != nil }) else { return }
        let asking = listeners.filter { $0.tls?.asksForCertificates == true }
        let shown = Shown.value(origin.value.text)
        guard !asking.isEmpty else {
            return warn(
                "no listener asks clients for certificates, so none can be shown at \(shown); give one \"client_authorities\", or unverified_client_certificates: true"
            )
        }
        let port = origin.value.port
        if let other = listeners.first(where: { $0.port == port }), !asking.contains(where: { $0.port == port }) {
            return warn(
                "\(shown) has the port of listener \(Shown.value(other.address)), which does not ask clients for certificates; listener \(Shown.value(asking[0].address)) does"
            )
        }
        // On the way to other machines ports may be translated; on this one they are not.
        if Self.isThisMachine(origin.value.host), !asking.contains(where: { $0.port == port || $0.port == 0 }) {
            return warn(
                "no listener is at port \(port); \(Shown.value(asking[0].address)) asks clients for certificates")
        }
        let here = asking.contains { $0.port == port } ? asking.filter { $0.port == port } : asking
        guard let names = names(of: here), !names.contains(where: { $0.cover(origin.value.host) }) else { return }
        self.warn(
            origin.position,
            "\"mtls_origin\" in \"authorization_server\": no listener that asks clients for certificates has one itself for \(Shown.value(origin.value.host))",
            names)
    }

    private static func isThisMachine(_ host: String) -> Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" || host.hasPrefix("127.")
    }

    // MARK: The issuer

    private func checkSpelling() {
        guard let issuer = draft.authorizationServer?.identifier else { return }
        if issuer.value.origin != issuer.value.webOrigin {
            findings.warning(
                .badValue, at: issuer.position,
                "\"issuer\" in \"authorization_server\": browsers and URL libraries write \(Shown.value(issuer.value.origin)) as \(Shown.value(issuer.value.webOrigin)), and clients compare \"iss\" octet by octet (RFC 9207 §2.4); write it so"
            )
        }
        let listeners = draft.listeners.compactMap(\.listener)
        guard Self.isThisMachine(issuer.value.host), !listeners.isEmpty, listeners.count == draft.listeners.count,
            !listeners.contains(where: { $0.port == issuer.value.port || $0.port == 0 })
        else { return }
        findings.warning(
            .unsatisfiable, at: issuer.position,
            "\"issuer\" in \"authorization_server\": \(Shown.value(issuer.value.text)) leads to port \(issuer.value.port) of this machine, and no listener is there; there are \(listeners.map { Shown.value($0.address) }.joined(separator: ", "))"
        )
    }
}

extension ListenerTLS {
    /// Of clients, whether they are verified or not.
    fileprivate var asksForCertificates: Bool { clientAuthorities != nil || takesUnverifiedCertificates }
}

extension Listener {
    /// As it is written in the policy.
    fileprivate var address: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
