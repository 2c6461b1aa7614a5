import JOSE
import Policy
import Texts

/// `authorization_server` as read. `settings` is nil when something mandatory is broken.
struct AuthorizationServerDraft {
    var position: SourcePosition
    var identifier: Located<HTTPSIdentifier>?
    var settings: AuthorizationServerSettings?
    var limits: [Located<String>]
    var trusts: [FederationSection.Draft] = []
    var logIn: LogInSection.Draft?
    var admin: Located<AdminSettings>?
    /// What clients that register themselves may get.
    var registrationScopes: [Located<String>] = []
    var users = UserRulesSection.Draft()
    var mtlsOrigin: Located<HTTPSIdentifier>?
}

/// `authorization_server`: the one that is built in.
struct AuthorizationServerSection {
    let context: ReadingContext
    let files: FileChecks
    let insecurities: Insecurities

    func read(_ root: MappingReader) -> AuthorizationServerDraft? {
        guard let node = root.node("authorization_server") else { return nil }
        let position = root.keyPosition("authorization_server")
        var draft = AuthorizationServerDraft(position: position, identifier: nil, settings: nil, limits: [])
        guard
            let reader = MappingReader(node, name: "\"authorization_server\"", at: position, findings: context.findings)
        else { return draft }
        reader.require("issuer", "it stands in \"iss\" of every token, as in https://api.example.com")
        reader.require(
            "database",
            "name the SQLite file for clients and keys, as in var/portcullis.sqlite, or a PostgreSQL database")
        reader.require("audience", "it stands in \"aud\" of tokens whose request names no resource (RFC 9068 §3)")
        draft.identifier = reader.value("issuer", .issuerIdentifier)
        let database = DatabaseReader(context: context, files: files, insecurities: insecurities).read(reader)
        let audience = reader.value("audience", .audience)
        let lifetime = reader.value(
            "access_token_lifetime", .duration(.seconds(30) ... .seconds(86_400)), default: .seconds(600))
        let secrets = SecretReader(context: context)
        let encryptionKey = secrets.read(
            reader, "key_encryption_key", octetsMin: AuthorizationServerSettings.keyEncryptionKeyOctetsMin)
        let algorithms = reader.list("signing_algorithms", of: .algorithm)
        let rotation = reader.value(
            "key_rotation", .duration(.seconds(4 * 86_400) ... .seconds(366 * 86_400)), default: .seconds(30 * 86_400))
        let pending = reader.value("pending_requests_per_address_max", .number(16...10_000))
        draft.limits = reader.list("limits", of: .reference) ?? []
        let clients = ClientRulesReader(context: context, files: files).read(reader)
        draft.registrationScopes = clients.registrationScopes
        draft.mtlsOrigin = clients.mtlsOrigin
        check(algorithms ?? [], by: clients.profile)
        draft.admin = admin(reader)
        let users = UserSettings(reader)
        draft.users = UserRulesSection(findings: context.findings).read(reader)
        let claims = UserClaimSection(findings: context.findings).read(reader)
        draft.users.rules.claims = claims.rules.map(\.value)
        draft.users.claims = claims
        draft.trusts = FederationSection(findings: context.findings).read(reader)
        let mail = MailSection(context: context, files: files, insecurities: insecurities).read(reader)
        draft.logIn = LogInSection(context: context, files: files).read(reader)
        if draft.logIn?.settings.signUp != nil, !reader.has("mail") {
            reader.error(
                .contradiction, at: "login",
                "\"login\" in \(reader.name) has \"sign_up\" without \"mail\": nobody could show that an address is theirs"
            )
        }
        reader.finish()
        let issuer = draft.identifier.flatMap { IssuerIdentifier($0.value) }
        if issuer == nil, let identifier = draft.identifier {
            context.findings.error(
                .badValue, at: identifier.position,
                "\"issuer\" in \"authorization_server\": its path must be normalised, without empty segments and captures"
            )
            draft.identifier = nil
        }
        if let issuer, let database, let audience {
            var settings = AuthorizationServerSettings(
                issuer: issuer, database: database, accessTokenLifetime: lifetime, audience: audience.value)
            clients.apply(to: &settings)
            settings.admin = draft.admin?.value
            settings.sessionLifetime = users.sessionLifetime
            settings.sessionIdle = users.sessionIdle
            settings.scopeDescriptions = users.scopeDescriptions
            settings.keyEncryptionKey = encryptionKey
            settings.signingAlgorithms =
                algorithms.map { $0.map(\.value) }.flatMap { $0.isEmpty ? nil : $0 } ?? [.es256]
            settings.keyRotation = rotation
            if let pending { settings.pendingRequestsPerAddressMax = pending.value }
            settings.logIn = draft.logIn?.settings ?? LogInSettings()
            settings.users = draft.users.rules
            settings.mail = mail
            settings.trusts = draft.trusts.compactMap(\.trust)
            draft.settings = settings
        }
        return draft
    }

    private func check(_ algorithms: [Located<Algorithm>], by profile: SecurityProfile) {
        for algorithm in algorithms where !profile.algorithms.contains(algorithm.value) {
            context.findings.error(
                .badValue, at: algorithm.position,
                "\"signing_algorithms\" in \"authorization_server\": found \(algorithm.value.rawValue); the profile has "
                    + profile.algorithms.map(\.rawValue).joined(separator: ", "))
        }
    }

    private func admin(_ owner: MappingReader) -> Located<AdminSettings>? {
        guard let reader = owner.nested("admin") else { return nil }
        let anyListener = insecurities.accept(
            "insecure_any_listener", in: reader, path: "authorization_server.admin", code: .openRoute,
            meaning: "whoever reaches any listener and has a token can manage the server")
        reader.finish()
        return Located(value: AdminSettings(anyListener: anyListener), position: owner.keyPosition("admin"))
    }
}

/// What concerns users: how long they stay logged in, and what they are told when they are asked.
private struct UserSettings {
    var sessionLifetime: Duration
    var sessionIdle: Duration
    var scopeDescriptions: [String: LocalisedText] = [:]

    init(_ reader: MappingReader) {
        sessionLifetime = reader.value(
            "session_lifetime", .duration(.seconds(300) ... .seconds(2_592_000)), default: .seconds(43_200))
        sessionIdle = reader.value(
            "session_idle", .duration(.seconds(60) ... .seconds(2_592_000)), default: .seconds(7_200))
        guard let descriptions = reader.nested("scope_descriptions") else { return }
        for entry in descriptions.entries {
            scopeDescriptions[entry.key] = Self.description(entry, descriptions)
        }
    }

    /// One text for all languages, or a mapping of languages to texts; the first of it is for all others.
    private static func description(_ entry: DocumentMember, _ owner: MappingReader) -> LocalisedText? {
        guard case .mapping = entry.value.content else {
            return owner.value(of: entry.value, entry.key, .text).map { LocalisedText($0.value) }
        }
        let name = "\(Shown.value(entry.key)) in \(owner.name)"
        guard let reader = MappingReader(entry.value, name: name, at: entry.position, findings: owner.findings) else {
            return nil
        }
        reader.refuseEmpty("a language and a text, as in {en: See your orders, de: Ihre Bestellungen sehen}")
        var texts: [(tag: String, text: String)] = []
        for member in reader.entries {
            guard Language.isTag(member.key) else {
                reader.findings.error(
                    .badValue, at: member.position,
                    "\(name): found \(Shown.value(member.key)), expected the tag of a language such as fr or pt-BR (BCP 47)"
                )
                continue
            }
            guard let text = reader.value(of: member.value, member.key, .text) else { continue }
            texts.append((member.key, text.value))
        }
        return texts.first.map { first in
            LocalisedText(
                first.text, byLanguage: Dictionary(texts.map { ($0.tag, $0.text) }, uniquingKeysWith: { one, _ in one })
            )
        }
    }
}
