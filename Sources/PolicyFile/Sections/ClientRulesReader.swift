import Policy

/// What `authorization_server` says about its clients, as read.
struct ClientRulesDraft {
    var profile: SecurityProfile
    var dpopNonce: Bool
    var mtlsOrigin: Located<HTTPSIdentifier>?
    var registration: RegistrationSettings?
    /// What clients that register themselves may get, with places, for the checks between sections.
    var registrationScopes: [Located<String>]
    var clientKeys: OutgoingWay
    var authorizationDetailsTypes: [String]

    func apply(to settings: inout AuthorizationServerSettings) {
        settings.profile = profile
        settings.dpopNonce = dpopNonce
        settings.mtlsOrigin = mtlsOrigin?.value
        settings.registration = registration
        settings.clientKeys = clientKeys
        settings.authorizationDetailsTypes = authorizationDetailsTypes
    }
}

/// What `authorization_server` says about its clients.
struct ClientRulesReader {
    let context: ReadingContext
    let files: FileChecks

    func read(_ reader: MappingReader) -> ClientRulesDraft {
        let profile = reader.value("profile", ValueKind<SecurityProfile>.word, default: .standard)
        let dpopNonce = reader.flag("dpop_nonce")
        let mtlsOrigin = reader.value("mtls_origin", .httpsOrigin)
        let types = detailTypes(reader)
        let keys = clientKeys(reader)
        let (registration, scopes) = registration(reader, types, hasProxy: keys.proxy != nil)
        return ClientRulesDraft(
            profile: profile, dpopNonce: dpopNonce, mtlsOrigin: mtlsOrigin, registration: registration,
            registrationScopes: scopes, clientKeys: keys, authorizationDetailsTypes: types)
    }

    /// RFC 9396 §2: what services understand.
    private func detailTypes(_ reader: MappingReader) -> [String] {
        let types = reader.list("authorization_details_types", of: .detailType) ?? []
        if types.count > AuthorizationServerSettings.authorizationDetailsTypesMax, let last = types.last {
            context.findings.error(
                .badValue, at: last.position,
                "\"authorization_details_types\" in \"authorization_server\": found \(types.count) types, expected \(AuthorizationServerSettings.authorizationDetailsTypesMax) at most; all of them stand in the metadata"
            )
        }
        return types.map(\.value)
    }

    /// How `jwks_uri` of clients is fetched. There is no plain http, no certificate and no other place to connect to:
    /// these are many hosts, none of them the gateway's own.
    private func clientKeys(_ owner: MappingReader) -> OutgoingWay {
        var way = OutgoingWay()
        guard let reader = owner.nested("client_keys") else { return way }
        if let authorities = reader.value("authorities", .path) {
            files.check(authorities: authorities)
            way.authorities = context.path(authorities.value)
        }
        way.proxy = reader.value("proxy", .proxy).map { Endpoint(host: $0.value.host, port: $0.value.port) }
        way.allowedAddresses = reader.list("allow_addresses", of: .ipAddress)?.map(\.value.octets) ?? []
        reader.finish()
        return way
    }

    private func registration(_ owner: MappingReader, _ known: [String], hasProxy: Bool) -> (
        RegistrationSettings?, scopes: [Located<String>]
    ) {
        guard let reader = owner.nested("registration") else { return (nil, []) }
        let open = open(reader, hasProxy: hasProxy)
        if open == nil, !reader.has("open") {
            reader.require(
                "initial_access_token",
                "whoever shows it may register clients, as in {file: secrets/registration-token}; or let anybody, with open: {}"
            )
        }
        reader.require("scopes", "all that clients may get that register themselves")
        let secrets = SecretReader(context: context)
        let token =
            reader.has("initial_access_token")
            ? secrets.read(reader, "initial_access_token", octetsMin: RegistrationSettings.tokenOctetsMin) : nil
        let scopes = reader.list("scopes", of: .scopeToken)
        let hosts = reader.list("jwks_hosts", of: .fetchedHost)
        let types = reader.list("authorization_details_types", of: .detailType) ?? []
        for type in types where !known.contains(where: { $0.utf8.elementsEqual(type.value.utf8) }) {
            context.findings.error(
                .unknownReference, at: type.position,
                "\"authorization_details_types\" in \"registration\": \(Shown.value(type.value)) is none of \"authorization_details_types\" of \"authorization_server\", which lists all that services here understand"
            )
        }
        reader.finish()
        guard token != nil || open != nil, let scopes else { return (nil, scopes ?? []) }
        var settings = RegistrationSettings(initialAccessToken: token, scopes: scopes.map(\.value))
        settings.jwksHosts = hosts?.map(\.value) ?? []
        settings.open = open
        settings.authorizationDetailsTypes = types.map(\.value)
        return (settings, scopes)
    }

    private func open(_ owner: MappingReader, hasProxy: Bool) -> RegistrationSettings.Open? {
        guard let reader = owner.nested("open") else { return nil }
        var open = RegistrationSettings.Open()
        open.clientsMax = reader.value("clients_max", .number(1...100_000), default: open.clientsMax)
        open.unusedLifetime = reader.value(
            "unused_lifetime", .duration(.seconds(300) ... .seconds(2_592_000)), default: open.unusedLifetime)
        // A proxy resolves names itself, so nobody here sees to which addresses they lead.
        open.documents = reader.value("documents", .flag, default: !hasProxy)
        reader.finish()
        return open
    }
}

extension ValueKind where Value == String {
    /// `type` of a member of `authorization_details` (RFC 9396 §2).
    static var detailType: ValueKind {
        ValueKind("a type as in payment_initiation, or a URL, of at most 256 octets without spaces") {
            scalar throws(ValueProblem) in
            guard (1...256).contains(scalar.text.utf8.count),
                scalar.text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
            else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a type as in payment_initiation, or a URL, of at most 256 octets without spaces"
                )
            }
            return scalar.text
        }
    }
}

extension ValueKind where Value == HTTPSIdentifier {
    /// `https://HOST` or `https://HOST:PORT`, nothing behind it.
    static var httpsOrigin: ValueKind {
        ValueKind("https:// with host and port, and nothing behind them") { scalar throws(ValueProblem) in
            let identifier = try HTTPSIdentifier(scalar.text)
            guard identifier.path.isEmpty else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected https:// with host and port, and nothing behind them")
            }
            return identifier
        }
    }
}
