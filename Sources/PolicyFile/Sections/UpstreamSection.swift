import Policy

/// `upstreams`: the services behind the gateway, by name.
struct UpstreamSection {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    func read(_ root: MappingReader) -> NamedSection<Upstream> {
        NamedSection.read(root, "upstreams", noun: "upstream", upstream)
    }

    private func upstream(_ name: Located<String>, _ reader: MappingReader) -> Upstream? {
        reader.require("endpoints", "write endpoints: [https://127.0.0.1:9443]")
        let endpoints = reader.list("endpoints", of: .endpoint)
        let tls = tls(name, reader, endpoints ?? [])
        let (failures, ejectionTime) = ejection(reader)
        let balancing = reader.value("balancing", ValueKind<Upstream.Balancing>.word, default: .leastRequest)
        let connections = reader.value("connections_per_worker_max", .number(1...65_535), default: 256)
        let perClient = reader.value("requests_per_client_max", .number(1...65_535))
        let tunnels = reader.value("tunnels_per_client_max", .number(1...65_535))
        let retry = reader.value("retry", .flag, default: true)
        let firstByte = reader.value("first_byte_timeout", .duration(.milliseconds(10) ... .seconds(3_600)))
        let headers = UpstreamHeadersReader.read(reader)
        let tokenAudience = reader.value("token_audience", .audience)
        guard let endpoints else { return nil }
        var upstream = Upstream(
            name: name.value,
            endpoints: endpoints.map { Endpoint(host: $0.value.address.host, port: $0.value.address.port) }, tls: tls,
            balancing: balancing, connectionsPerWorkerMax: connections, ejectAfterFailures: failures,
            ejectionTime: ejectionTime,
            retry: retry, headers: headers, firstByteTimeout: firstByte?.value)
        upstream.tokenAudience = tokenAudience?.value
        upstream.requestsPerClientMax = perClient?.value
        upstream.tunnelsPerClientMax = tunnels?.value
        if let tunnels, let most = upstream.requestsPerClientBound, tunnels.value > most {
            reader.findings.error(
                .contradiction, at: tunnels.position,
                "\(reader.name): tunnels_per_client_max is \(tunnels.value), but requests_per_client_max, which counts tunnels too, is \(most); raise that, or lower this"
            )
        }
        return upstream
    }

    private func tls(_ name: Located<String>, _ reader: MappingReader, _ endpoints: [Located<EndpointText>])
        -> UpstreamTLS?
    {
        let path = "upstreams.\(name.value)"
        let isPlaintext = insecurities.accept(
            "insecure_plaintext", in: reader, path: path, code: .plaintext,
            meaning: "requests travel unencrypted, and nobody checks who answers")
        if let endpoint = endpoints.first(where: { $0.value.isTLS == isPlaintext }) {
            let message =
                isPlaintext
                ? "https endpoint, but insecure_plaintext is true; one upstream has one way"
                : "http endpoint; write https, or say insecure_plaintext: true"
            context.findings.error(
                isPlaintext ? .contradiction : .plaintext, at: endpoint.position, "\(reader.name): \(message)")
        }
        if isPlaintext {
            if reader.has("tls") {
                reader.error(
                    .contradiction, at: "tls",
                    "\(reader.name) has \"tls\" and insecure_plaintext: true; keep one of them")
            }
            return nil
        }
        if endpoints.contains(where: \.value.isTLS) {
            reader.require("tls", "name the authorities that vouch for it, and whom its certificate must name")
        }
        guard let tls = reader.nested("tls", name: "\"tls\" of \(reader.name)") else { return nil }
        defer { tls.finish() }
        return settings(tls, path: "\(path).tls")
    }

    private func settings(_ reader: MappingReader, path: String) -> UpstreamTLS? {
        reader.require(
            "authorities", "name the PEM file of the authorities that may vouch for it; the system's are not used")
        let authorities = reader.value("authorities", .path)
        if let authorities { files.check(authorities: authorities) }
        var certificate: CertificateFiles?
        if let node = reader.node("certificate") {
            certificate = CertificateFilesReader(context: context, files: files).read(
                node, name: "\"certificate\" in \(reader.name)")
        }
        let identity = reader.value("identity", .identity)
        let anyIdentity = insecurities.accept(
            "insecure_any_identity", in: reader, path: path, code: .anyIdentity,
            meaning: "whoever holds any certificate of these authorities can answer for it")
        switch (reader.has("identity"), anyIdentity) {
        case (false, false):
            reader.findings.error(
                .anyIdentity, at: reader.position,
                "\(reader.name) has no \"identity\"; name whom its certificate must name (spiffe://… or dns:…), or say insecure_any_identity: true"
            )
        case (true, true):
            reader.error(
                .contradiction, at: "insecure_any_identity",
                "\(reader.name) has \"identity\" and insecure_any_identity: true; keep one")
        default: break
        }
        let version = reader.value("minimum_version", ValueKind<TLSVersion>.word, default: .tls13)
        guard let authorities else { return nil }
        return UpstreamTLS(
            authorities: context.path(authorities.value), certificate: certificate, identity: identity?.value,
            minimumVersion: version)
    }

    private func ejection(_ reader: MappingReader) -> (failures: Int, time: Duration) {
        var failures = 5
        var time: Duration = .seconds(30)
        if let ejection = reader.nested("ejection", expected: "keys such as {after_failures: 5, time: 30s}") {
            failures = ejection.value("after_failures", .number(0...1_000), default: failures)
            time = ejection.value("time", .duration(.seconds(1) ... .seconds(3_600)), default: time)
            ejection.finish()
        }
        return (failures, time)
    }
}

/// `headers` of an upstream: under which names it learns who calls.
enum UpstreamHeadersReader {
    static func read(_ upstream: MappingReader) -> UpstreamHeaders {
        var headers = UpstreamHeaders()
        guard let reader = upstream.nested("headers", expected: "keys such as {subject: X-Auth-Subject}") else {
            return headers
        }
        headers.subject = reader.value("subject", .fieldName, default: headers.subject)
        headers.clientID = reader.value("client_id", .fieldName, default: headers.clientID)
        headers.scope = reader.value("scope", .fieldName, default: headers.scope)
        headers.issuer = reader.value("issuer", .fieldName, default: headers.issuer)
        headers.forwarded = reader.value("forwarded", .flag, default: headers.forwarded)
        headers.xForwarded = reader.value("x_forwarded", .flag, default: headers.xForwarded)
        let pass = reader.list("pass", of: .believedField) ?? []
        headers.pass = pass.map(\.value)
        headers.remove = reader.list("remove", of: .removedField)?.map(\.value) ?? []
        for name in pass where !BelievedFields.contain(name.value) {
            reader.findings.warning(
                .unused, at: name.position,
                "\"pass\" in \(reader.name): \(name.value) is not removed; \"pass\" is for fields of the list in docs/fields.md"
                    + Spelling.hint(for: name.value, among: BelievedFields.groups.flatMap(\.names)))
        }
        let removed = Set(headers.remove.map { $0.lowercased() })
        for name in pass where removed.contains(name.value.lowercased()) {
            reader.findings.error(
                .contradiction, at: name.position,
                "\(reader.name): \(name.value) stands in \"pass\" and in \"remove\"; keep one")
        }
        reader.finish()
        var seen: Set<String> = []
        for (key, name) in [
            ("subject", headers.subject), ("client_id", headers.clientID), ("scope", headers.scope),
            ("issuer", headers.issuer),
        ] {
            guard let name, !seen.insert(name.lowercased()).inserted else { continue }
            reader.error(
                .duplicateValue, at: key,
                "\"\(key)\" in \(reader.name): the field \(name) is used for something else already")
        }
        return headers
    }
}
