import Policy

/// `login` of `authorization_server`: how users show who they are.
struct LogInSection {
    let context: ReadingContext
    let files: FileChecks

    struct Draft {
        var settings = LogInSettings()
        /// Whom the provider's entry names, also where something else of it is broken.
        var issuer: Located<String>?
        /// `tls_client_auth` without a certificate of its own: then the issuer's entry must have one.
        var needsIssuerCertificate = false
    }

    /// nil: there is no such key, or it is no mapping.
    func read(_ server: MappingReader) -> Draft? {
        guard let reader = server.nested("login") else { return nil }
        var draft = Draft()
        draft.settings.links = AccountLinksReader.read(reader)
        draft.settings.signUp = AccountLinksReader.signUp(reader)
        let hasProvider = reader.has("provider")
        draft.settings.passwords = reader.value("passwords", .flag, default: !hasProvider)
        if hasProvider {
            provider(reader, &draft)
        } else if !draft.settings.passwords {
            reader.error(
                .contradiction, at: "passwords",
                "\(reader.name) has passwords: false and no \"provider\": nobody could log in")
        }
        draft.settings.pages = PagesSection(context: context, files: files).read(reader)
        draft.settings.secondFactor = SecondFactorReader().read(reader, passwords: draft.settings.passwords)
        reader.finish()
        return draft
    }

    private func provider(_ owner: MappingReader, _ draft: inout Draft) {
        guard let reader = owner.nested("provider") else { return }
        reader.require("issuer", "name one of \"issuers\": at which users log in")
        reader.require("client_id", "the provider must know who sends users there; register this server with it first")
        let issuer = reader.value("issuer", .reference)
        let clientID = reader.value("client_id", .clientIdentifier)
        let label = reader.value("label", .label)
        let shown = ClientAuthenticationReader(context: context, files: files).read(reader, needsCertificate: false)
        let scopes = reader.list("scopes", of: .scopeToken)
        if let scopes, !scopes.contains(where: { $0.value == "openid" }) {
            reader.error(
                .badValue, at: "scopes",
                "\"scopes\" in \(reader.name): without openid the provider does not say who has logged in (OpenID Connect Core §3.1.2.1); write [openid, …]"
            )
        }
        let claims = ClaimRulesReader(findings: context.findings, path: nil, isOfRoute: false).read(reader)
        let signsUp = reader.value("sign_up", .flag, default: true)
        reader.finish()
        draft.issuer = issuer
        guard let issuer, let clientID, let shown else { return }
        draft.needsIssuerCertificate = shown.authentication == .tlsClientCertificate && shown.certificate == nil
        var provider = LogInProvider(
            issuer: issuer.value, label: label?.value ?? issuer.value, clientID: clientID.value,
            authentication: shown.authentication)
        provider.certificate = shown.certificate
        provider.scopes = scopes?.map(\.value) ?? LogInProvider.standardScopes
        provider.claims = claims
        provider.signsUp = signsUp
        draft.settings.provider = provider
    }
}

extension ValueKind where Value == String {
    /// A few words to show to users.
    static var label: ValueKind {
        ValueKind("a name to show to users, such as \"Example staff\"") { scalar throws(ValueProblem) in
            let text = try text.parse(scalar)
            guard text.count <= 60, !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
                throw ValueProblem("expected a name for people: 60 characters at most, on one line")
            }
            if text.contains("<") || text.contains(">") {
                throw ValueProblem("\(Shown.value(text)): a name for people is plain text and has no < and no >")
            }
            if text.unicodeScalars.contains(where: { $0.properties.isDefaultIgnorableCodePoint }) {
                throw ValueProblem("\(Shown.value(text)): a name for people has no characters that nobody sees")
            }
            return text
        }
    }
}
