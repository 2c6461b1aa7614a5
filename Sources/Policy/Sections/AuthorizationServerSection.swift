/// `authorization_server` as read. `settings` is nil when something mandatory is broken.
struct AuthorizationServerDraft {
    var position: SourcePosition
    var identifier: Located<HTTPSIdentifier>?
    var settings: AuthorizationServerSettings?
    var limits: [Located<String>]
}

/// `authorization_server`: the one that is built in.
struct AuthorizationServerSection {
    let context: ReadingContext

    func read(_ root: MappingReader) -> AuthorizationServerDraft? {
        guard let node = root.node("authorization_server") else { return nil }
        let position = root.keyPosition("authorization_server")
        var draft = AuthorizationServerDraft(position: position, identifier: nil, settings: nil, limits: [])
        guard
            let reader = MappingReader(node, name: "\"authorization_server\"", at: position, findings: context.findings)
        else { return draft }
        reader.require("issuer", "it stands in \"iss\" of every token, as in https://api.example.com")
        reader.require("database", "name the SQLite file for clients and keys, as in var/portcullis.sqlite")
        reader.require("audience", "it stands in \"aud\" of tokens whose request names no resource (RFC 9068 §3)")
        draft.identifier = reader.value("issuer", .issuerIdentifier)
        let database = reader.value("database", .path)
        let audience = reader.value("audience", .audience)
        let lifetime = reader.value(
            "access_token_lifetime", .duration(.seconds(30) ... .seconds(86_400)), default: .seconds(600))
        draft.limits = reader.list("limits", of: .reference) ?? []
        var standard = AuthorizationServerSettings(issuer: "", database: "", accessTokenLifetime: lifetime, audience: "")
        ClientRulesReader(context: context).read(reader, into: &standard)
        let people = PeopleSettings(reader)
        reader.finish()
        if let identifier = draft.identifier, AuthorizationServerRoutes.metadataPath(of: identifier.value) == nil {
            context.findings.error(
                .badValue, at: identifier.position,
                "\"issuer\" in \"authorization_server\": its path must be normalised, without empty segments and captures"
            )
            draft.identifier = nil
        }
        if let database, case .folder = context.files.status(of: context.path(database.value)) {
            context.findings.error(
                .fileUnreadable, at: database.position,
                "database \(Shown.value(database.value)) is a folder, expected a file")
        }
        if let identifier = draft.identifier, let database, let audience {
            standard.issuer = identifier.value.text
            standard.database = context.path(database.value)
            standard.audience = audience.value
            standard.sessionLifetime = people.sessionLifetime
            standard.sessionIdle = people.sessionIdle
            standard.scopeDescriptions = people.scopeDescriptions
            draft.settings = standard
        }
        return draft
    }
}

/// What concerns people: how long they stay logged in, and what they are told when they are asked.
private struct PeopleSettings {
    var sessionLifetime: Duration
    var sessionIdle: Duration
    var scopeDescriptions: [String: String] = [:]

    init(_ reader: MappingReader) {
        sessionLifetime = reader.value("session_lifetime", .duration(.seconds(300) ... .seconds(2_592_000)), default: .seconds(43_200))
        sessionIdle = reader.value("session_idle", .duration(.seconds(60) ... .seconds(2_592_000)), default: .seconds(7_200))
        guard let descriptions = reader.nested("scope_descriptions") else { return }
        for entry in descriptions.entries { scopeDescriptions[entry.key] = descriptions.value(of: entry.value, entry.key, .text)?.value }
    }
}
