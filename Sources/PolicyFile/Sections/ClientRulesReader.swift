import Policy

/// What `authorization_server` says about its clients.
struct ClientRulesReader {
    let context: ReadingContext
    let files: FileChecks

    /// - Parameter registrationScopes: what clients that register themselves may get, with places, for the checks
    ///   between sections.
    func read(
        _ reader: MappingReader, into settings: inout AuthorizationServerSettings,
        registrationScopes: inout [Located<String>]
    ) {
        settings.profile = reader.value("profile", .word, default: .standard)
        settings.dpopNonce = reader.flag("dpop_nonce")
        settings.mtlsOrigin = reader.value("mtls_origin", .httpsOrigin)?.value
        settings.registration = registration(reader, &registrationScopes)
        settings.clientKeys = clientKeys(reader)
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

    private func registration(_ owner: MappingReader, _ located: inout [Located<String>]) -> RegistrationSettings? {
        guard let reader = owner.nested("registration") else { return nil }
        reader.require(
            "initial_access_token", "whoever shows it may register clients, as in {file: secrets/registration-token}")
        reader.require("scopes", "all that clients may get that register themselves")
        let secrets = SecretReader(context: context)
        let token = secrets.read(reader, "initial_access_token", octetsMin: RegistrationSettings.tokenOctetsMin)
        let scopes = reader.list("scopes", of: .scopeToken)
        located = scopes ?? []
        let hosts = reader.list("jwks_hosts", of: .fetchedHost)
        reader.finish()
        guard let token, let scopes else { return nil }
        var settings = RegistrationSettings(initialAccessToken: token, scopes: scopes.map(\.value))
        settings.jwksHosts = hosts?.map(\.value) ?? []
        return settings
    }
}

extension ValueKind where Value == String {
    /// `https://HOST` or `https://HOST:PORT`, nothing behind it.
    static var httpsOrigin: ValueKind {
        ValueKind("https:// with host and port, and nothing behind them") { scalar throws(ValueProblem) in
            let identifier = try ValueKind<HTTPSIdentifier>.issuerIdentifier.parse(scalar)
            guard identifier.path.isEmpty, !identifier.text.hasSuffix("/") else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected https:// with host and port, and nothing behind them")
            }
            return identifier.text
        }
    }
}
