import Policy

/// A listener as read. `listener` is nil when it cannot be built.
struct ListenerDraft {
    var position: SourcePosition
    var name: String
    var listener: Listener?
    /// It tells how the gateway is, and takes no traffic.
    var isMonitor = false
    var monitor: MonitoringListener?
}

/// `listeners`: a list, because the order of certificates matters and nothing refers to a listener by name.
struct ListenerSection {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    func read(_ root: MappingReader) -> [ListenerDraft] {
        root.require("listeners", "the gateway must listen somewhere")
        guard let nodes = root.items("listeners") else { return [] }
        if nodes.isEmpty {
            root.error(.missingKey, at: "listeners", "\"listeners\" is empty; the gateway must listen somewhere")
        }
        var drafts: [ListenerDraft] = []
        var seen: [HostAndPort: Int] = [:]
        for (index, node) in nodes.enumerated() {
            let name = node.text(under: "address").map { "listener \(Shown.value($0))" } ?? "listener \(index + 1)"
            guard let reader = MappingReader(node, name: name, findings: context.findings) else { continue }
            reader.require("address", "write address: 0.0.0.0:8443")
            let address = reader.value("address", .listenAddress)
            if let address {
                if address.value.port == 0 {
                    reader.warning(
                        .badValue, at: "address",
                        "\(name): port 0 means a port that the kernel picks; clients cannot know it")
                } else if let line = seen[address.value] {
                    context.findings.error(
                        .duplicateValue, at: address.position, "\(name) is there already, in line \(line)")
                }
                seen[address.value] = address.position.line
            }
            if reader.has("serves") {
                let monitor = monitor(reader, address, path: "listeners[\(index)]")
                reader.finish()
                drafts.append(
                    ListenerDraft(position: node.position, name: name, listener: nil, isMonitor: true, monitor: monitor)
                )
                continue
            }
            let listener = listener(reader, address, path: "listeners[\(index)]")
            reader.finish()
            drafts.append(ListenerDraft(position: node.position, name: name, listener: listener))
        }
        if !drafts.isEmpty, drafts.allSatisfy(\.isMonitor) {
            root.error(
                .missingKey, at: "listeners",
                "all of \"listeners\" have \"serves\" and take no traffic; add one without, with \"tls\"")
        }
        return drafts
    }

    /// Plain HTTP without a token: so nobody but this machine and internal networks may reach it.
    private func monitor(_ reader: MappingReader, _ address: Located<HostAndPort>?, path: String) -> MonitoringListener?
    {
        let words = reader.list("serves", of: ValueKind<MonitoringListener.Subject>.word) ?? []
        for key in ["tls", "insecure_plaintext", "connections_max", "connections_per_address_max"] where reader.has(key)
        {
            reader.error(
                .contradiction, at: key,
                "\(reader.name) has \"serves\" and \"\(key)\"; such a listener is plain HTTP with bounds of its own, and serves nothing else"
            )
            _ = reader.node(key)
        }
        let isAnywhere = insecurities.accept(
            "insecure_any_address", in: reader, path: path, code: .plaintext,
            meaning: "whoever reaches it learns routes, traffic and state of the gateway, without a token")
        if let address, !isAnywhere, !MonitoringListener.isInternal(address.value.host) {
            context.findings.error(
                .plaintext, at: address.position,
                "\(reader.name) has \"serves\", which needs no token, on an address that others may reach; use 127.0.0.1 or an address of an internal network, or say insecure_any_address: true"
            )
        }
        return address.map {
            MonitoringListener(host: $0.value.host, port: $0.value.port, serves: Set(words.map(\.value)))
        }
    }

    private func listener(_ reader: MappingReader, _ address: Located<HostAndPort>?, path: String) -> Listener? {
        let isPlaintext = insecurities.accept(
            "insecure_plaintext", in: reader, path: path, code: .plaintext,
            meaning: "tokens arrive unencrypted, and everyone on the way can use them")
        if reader.has("tls"), isPlaintext {
            reader.error(
                .contradiction, at: "insecure_plaintext",
                "\(reader.name) has \"tls\" and insecure_plaintext: true; keep one of them")
        }
        if !reader.has("tls"), !isPlaintext {
            reader.findings.error(
                .plaintext, at: reader.position,
                "\(reader.name) has no \"tls\"; add it, or say insecure_plaintext: true")
        }
        let tls = tls(reader)
        let connectionsMax = reader.value(
            "connections_max", .number(1...1_000_000), default: Listener.connectionsMaxDefault)
        let perAddressMax = reader.value(
            "connections_per_address_max", .number(1...1_000_000), default: Listener.connectionsPerAddressMaxDefault)
        if perAddressMax > connectionsMax, reader.has("connections_per_address_max") {
            reader.error(
                .contradiction, at: "connections_per_address_max",
                "\(reader.name): one address may have \(perAddressMax) connections, more than connections_max \(connectionsMax)"
            )
        }
        return address.map {
            Listener(
                host: $0.value.host, port: $0.value.port, tls: tls, connectionsMax: connectionsMax,
                connectionsPerAddressMax: min(perAddressMax, connectionsMax))
        }
    }

    private func tls(_ listener: MappingReader) -> ListenerTLS? {
        guard let reader = listener.nested("tls", name: "\"tls\" of \(listener.name)") else { return nil }
        reader.require("certificates", "write certificates: [{chain: certs/gateway.pem, key: certs/gateway.key}]")
        var certificates: [CertificateFiles] = []
        for node in reader.items("certificates") ?? [] {
            guard
                let files = CertificateFilesReader(context: context, files: files).read(
                    node, name: "certificate of \(listener.name)")
            else {
                continue
            }
            if certificates.contains(files) {
                context.findings.warning(
                    .duplicateValue, at: node.position, "\(reader.name) names this certificate twice")
            } else {
                certificates.append(files)
            }
        }
        if reader.has("certificates"), certificates.isEmpty,
            case .list(let items)? = reader.node("certificates")?.content, items.isEmpty
        {
            reader.error(
                .missingKey, at: "certificates", "\"certificates\" in \(reader.name) is empty; TLS needs one at least")
        }
        let authorities = reader.value("client_authorities", .path)
        if let authorities { files.check(authorities: authorities) }
        let unverified = reader.flag("unverified_client_certificates")
        if unverified, authorities != nil {
            reader.error(
                .contradiction, at: "unverified_client_certificates",
                "\(reader.name) has \"client_authorities\", which verify every client certificate; take one of both away"
            )
        }
        let version = reader.value("minimum_version", ValueKind<TLSVersion>.word, default: .tls12)
        reader.finish()
        var tls = ListenerTLS(
            certificates: certificates, clientAuthorities: authorities.map { context.path($0.value) },
            minimumVersion: version)
        tls.takesUnverifiedCertificates = unverified
        return tls
    }
}

/// `{chain: …, key: …}`.
struct CertificateFilesReader {
    let context: ReadingContext
    let files: FileChecks

    func read(_ node: DocumentNode, name: String) -> CertificateFiles? {
        guard let reader = MappingReader(node, name: name, findings: context.findings) else { return nil }
        reader.require("chain", "name the PEM file with the certificate and its intermediates")
        reader.require("key", "name the PEM file with the private key")
        let chain = reader.value("chain", .path)
        let key = reader.value("key", .path)
        reader.finish()
        guard let chain, let key else { return nil }
        files.check(chain: chain, key: key)
        return CertificateFiles(chain: context.path(chain.value), key: context.path(key.value))
    }
}
