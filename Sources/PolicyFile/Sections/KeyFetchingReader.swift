import HTTP
import Octets
import Policy

/// The keys of an external issuer's entry that say where its keys come from: `jwks`, or discovery and how it is
/// reached.
struct KeyFetchingReader {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    /// What has a meaning only when something is fetched.
    static let keys = [
        "discovery_url", "jwks_hosts", "jwks_media_types", "connect_to", "authorities", "certificate", "proxy",
        "allow_addresses",
        "insecure_plaintext",
    ]

    /// - Parameters:
    ///   - keySet: `jwks: {url: …}`; nil: metadata is read first.
    ///   - isTemplate: the identifier has a place for a tenant, and so does not say where its metadata lies.
    func read(_ issuer: MappingReader, name: String, keySet: Located<AbsoluteURL>?, isTemplate: Bool) -> KeyFetching? {
        let discovery = issuer.value("discovery_url", .fetchedURL)
        let hosts = issuer.list("jwks_hosts", of: .fetchedHost)
        let mediaTypes = issuer.list("jwks_media_types", of: .mediaType)
        let way = way(issuer, name: name)
        if let keySet {
            for key in ["discovery_url", "jwks_hosts"] where issuer.has(key) {
                issuer.error(
                    .contradiction, at: key,
                    "\(issuer.name) has \"\(key)\" and jwks: {url: …}; with the latter no metadata is read")
            }
            check(keySet, issuer, way.allowsPlaintext)
        } else if isTemplate, discovery == nil, !issuer.has("discovery_url") {
            context.findings.error(
                .missingKey, at: issuer.keyPosition("issuer"),
                "\(issuer.name): an identifier with {tenantid} does not say where its metadata lies; write discovery_url: https://…/common/v2.0/.well-known/openid-configuration"
            )
            return nil
        }
        if let discovery { check(discovery, issuer, way.allowsPlaintext) }
        var fetching = KeyFetching(
            place: keySet.map { .keySet($0.value) } ?? discovery.map { .metadata($0.value) } ?? .discovery)
        fetching.jwksHosts = hosts?.map(\.value) ?? []
        fetching.jwksMediaTypes = mediaTypes?.map(\.value) ?? []
        fetching.way = way
        return fetching
    }

    /// How the issuer is reached, whatever it is asked for.
    func way(_ issuer: MappingReader, name: String) -> OutgoingWay {
        let connectTo = issuer.value("connect_to", .connectAddress)
        let authorities = issuer.value("authorities", .path)
        if let authorities {
            files.check(authorities: authorities)
        } else if !issuer.has("authorities"), !issuer.has("insecure_plaintext") {
            files.checkSystemAuthorities(for: issuer.name, at: issuer.position)
        }
        let proxy = issuer.value("proxy", .proxy)
        var way = OutgoingWay()
        if let node = issuer.node("certificate") {
            way.certificate = CertificateFilesReader(context: context, files: files).read(
                node, name: "\"certificate\" in \(issuer.name)")
        }
        way.allowedAddresses = issuer.list("allow_addresses", of: .ipAddress)?.map(\.value.octets) ?? []
        way.allowsPlaintext = insecurities.accept(
            "insecure_plaintext", in: issuer, path: "issuers.\(name)", code: .plaintext,
            meaning:
                "keys are fetched unencrypted from this machine: whoever can listen there decides which tokens are good"
        )
        if proxy != nil, connectTo != nil {
            issuer.error(
                .contradiction, at: "proxy",
                "\(issuer.name) has \"proxy\" and \"connect_to\"; the proxy decides where it connects")
        }
        way.connectTo = connectTo.map { Endpoint(host: $0.value.host, port: $0.value.port) }
        way.authorities = authorities.map { context.path($0.value) }
        way.proxy = proxy.map { Endpoint(host: $0.value.host, port: $0.value.port) }
        return way
    }

    /// - Parameter danger: what could happen to what travels there.
    func check(
        _ url: Located<AbsoluteURL>, _ issuer: MappingReader, _ plaintext: Bool,
        danger: String = "keys come over https only; whoever can change them on their way decides which tokens are good"
    ) {
        guard !url.value.isHTTPS else { return }
        if !url.value.isLoopback {
            context.findings.error(.plaintext, at: url.position, "\(issuer.name): \(danger)")
        } else if !plaintext {
            context.findings.error(
                .plaintext, at: url.position,
                "\(issuer.name): http, even to this machine, needs insecure_plaintext: true")
        }
    }
}

/// An IP address that was written.
struct IPAddress: Hashable {
    var octets: [UInt8]
}

extension ValueKind where Value == AbsoluteURL {
    static var fetchedURL: ValueKind {
        ValueKind("a URL such as https://login.example.com/jwks") { scalar throws(ValueProblem) in
            guard let url = AbsoluteURL(scalar.text) else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a URL such as https://login.example.com/jwks, without user and fragment"
                )
            }
            return url
        }
    }
}

extension ValueKind where Value == String {
    static var fetchedHost: ValueKind {
        ValueKind("a host name") { scalar throws(ValueProblem) in
            let host = scalar.text.lowercased()
            if let problem = HostName.problem(host) { throw ValueProblem(problem) }
            return host
        }
    }

    /// What may stand for `{tenantid}`: it becomes part of a URL.
    static var tenant: ValueKind {
        ValueKind("a tenant's id") { scalar throws(ValueProblem) in
            let isFine = scalar.text.utf8.allSatisfy { byte in
                ASCII.isAlphanumeric(byte)
                    || byte == 0x2D || byte == 0x5F || byte == 0x2E
            }
            guard isFine, (1...128).contains(scalar.text.utf8.count) else {
                throw ValueProblem(
                    "\(Shown.value(scalar.text)) is not a tenant's id: letters, digits, dot, hyphen and underscore")
            }
            return scalar.text
        }
    }
}

extension ValueKind where Value == HostAndPort {
    static var connectAddress: ValueKind {
        ValueKind("an address such as 10.0.0.5:8443") { scalar throws(ValueProblem) in
            try AuthorityText.parse(scalar.text, portMin: 1, example: "10.0.0.5:8443")
        }
    }

    static var proxy: ValueKind {
        ValueKind("a proxy such as http://proxy.internal:3128") { scalar throws(ValueProblem) in
            guard scalar.text.hasPrefix("http://"), !scalar.text.contains("@") else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a proxy such as http://proxy.internal:3128 (what passes through it is TLS)"
                )
            }
            var rest = scalar.text.dropFirst("http://".count)
            if rest.hasSuffix("/") { rest.removeLast() }
            return try AuthorityText.parse(String(rest), portMin: 1, example: "http://proxy.internal:3128")
        }
    }
}

extension ValueKind where Value == IPAddress {
    static var ipAddress: ValueKind {
        ValueKind("an IP address") { scalar throws(ValueProblem) in
            guard let octets = IPAddressText.octets(scalar.text.lowercased()) else {
                throw ValueProblem(
                    "\(Shown.value(scalar.text)) is not an IP address; a name or a network is not enough here")
            }
            return IPAddress(octets: octets)
        }
    }
}

extension IPAddressText {
    /// In network order: 4 or 16 of them.
    static func octets(_ text: String) -> [UInt8]? {
        if isIPv4(text) { return text.split(separator: ".").compactMap { UInt8($0) } }
        guard isIPv6(text) else { return nil }
        var before: [UInt8] = []
        var after: [UInt8] = []
        var isAfter = false
        for part in text.split(separator: ":", omittingEmptySubsequences: false) {
            // Only `::` has nothing between two colons.
            if part.isEmpty {
                isAfter = true
                continue
            }
            let octets: [UInt8]
            if part.contains(".") {
                octets = part.split(separator: ".").compactMap { UInt8($0) }
            } else {
                guard let group = UInt16(part, radix: 16) else { return nil }
                octets = [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
            if isAfter { after += octets } else { before += octets }
        }
        let gap = 16 - before.count - after.count
        guard gap >= 0 else { return nil }
        return before + [UInt8](repeating: 0, count: gap) + after
    }
}
