import JOSE
package import JSON
import Octets

// How a client is written into its record. Members that say nothing are left out; unknown ones, of a newer version, are
// passed over.

extension RegisteredClient {
    package var record: StoredRecord {
        var body: JSONObject = [
            "name": .string(name),
            "grants": .strings(grants.map(\.rawValue).sorted()),
            "authentication_methods": .strings(authenticationMethods.map(\.rawValue).sorted()),
            "scopes": .strings(scopes),
            "secrets": .array(secrets.map(\.json)),
            "created_at": .integer(createdAt),
        ]
        if !redirectURIs.isEmpty { body["redirect_uris"] = .strings(redirectURIs) }
        body["jwks"] = keySet
        body["jwks_uri"] = keySetURL.map { .string($0) }
        if let certificateName { body["certificate"] = [certificateName.member: .string(certificateName.value)] }
        if bindsToKey { body["binds_to_key"] = true }
        if bindsToCertificate { body["binds_to_certificate"] = true }
        if requiresPushedRequests { body["requires_pushed_requests"] = true }
        body["id_token_algorithm"] = idTokenAlgorithm.map { .string($0.rawValue) }
        body["backchannel_logout_uri"] = backChannelLogoutURI.map { .string($0) }
        if wantsLogoutSession { body["wants_logout_session"] = true }
        if !requiresProofKey { body["waives_proof_key"] = true }
        if requiresACRValues { body["requires_acr_values"] = true }
        if !defaultACRValues.isEmpty { body["default_acr_values"] = .strings(defaultACRValues) }
        body["minimum_acr"] = leastLevel.map { .string($0.rawValue) }
        if takesEndpointAudience { body["takes_endpoint_audience"] = true }
        if isFirstParty { body["first_party"] = true }
        if openUntil != nil { body["open"] = true }
        body["document_read_at"] = documentReadAt.map { .integer($0) }
        body["resources"] = resources.map { .strings($0) }
        body["served_resources"] = servedResources.map { .strings($0) }
        body["may_act"] = mayAct.map { .string($0) }
        if !metadata.isEmpty { body["metadata"] = .object(metadata) }
        var record = StoredRecord(.client, id, expiresAt: openUntil, client: id, body: body)
        record.version = version
        return record
    }

    /// nil if the record is not a client, or says something that cannot be read: what is left out could be what binds or
    /// limits it.
    package init?(_ record: StoredRecord) {
        let body = record.body
        let secrets = (body["secrets"] ?? []).array?.map(StoredSecret.init)
        let idTokenAlgorithm = body["id_token_algorithm"].map { $0.string.flatMap(Algorithm.init(rawValue:)) }
        let certificateName = body["certificate"].map(ClientCertificateName.init(stored:))
        let leastLevel = body["minimum_acr"].map { $0.string.flatMap(AuthenticationLevel.init(rawValue:)) }
        guard record.kind == .client, let name = body["name"]?.string, let createdAt = body["created_at"]?.int,
            let secrets, !secrets.contains(nil), certificateName != .some(nil), idTokenAlgorithm != .some(nil),
            leastLevel != .some(nil),
            let bindsToKey = body.flag("binds_to_key"), let bindsToCertificate = body.flag("binds_to_certificate"),
            let requiresPushedRequests = body.flag("requires_pushed_requests"),
            let waivesProofKey = body.flag("waives_proof_key"),
            let requiresACRValues = body.flag("requires_acr_values"),
            let wantsLogoutSession = body.flag("wants_logout_session"),
            let takesEndpointAudience = body.flag("takes_endpoint_audience"),
            let isFirstParty = body.flag("first_party"), let isOpen = body.flag("open"),
            // What cannot be read would be no limit.
            body["may_act"] == nil || body["may_act"]?.string != nil
        else { return nil }
        self.init(
            id: record.key, name: name, grants: Set(body.strings("grants").compactMap(GrantType.init)),
            authenticationMethods: Set(
                body.strings("authentication_methods").compactMap(ClientAuthenticationMethod.init)),
            scopes: body.strings("scopes"), secrets: secrets.compactMap { $0 }, createdAt: createdAt)
        redirectURIs = body.strings("redirect_uris")
        keySet = body["jwks"]
        keySetURL = body["jwks_uri"]?.string
        self.certificateName = certificateName ?? nil
        self.bindsToKey = bindsToKey
        self.bindsToCertificate = bindsToCertificate
        self.requiresPushedRequests = requiresPushedRequests
        self.idTokenAlgorithm = idTokenAlgorithm ?? nil
        requiresProofKey = !waivesProofKey
        self.requiresACRValues = requiresACRValues
        defaultACRValues = body.strings("default_acr_values")
        self.leastLevel = leastLevel ?? nil
        backChannelLogoutURI = body["backchannel_logout_uri"]?.string
        self.wantsLogoutSession = wantsLogoutSession
        self.takesEndpointAudience = takesEndpointAudience
        self.isFirstParty = isFirstParty
        openUntil = isOpen ? record.expiresAt : nil
        documentReadAt = body["document_read_at"]?.int
        resources = body["resources"].map { ($0.array ?? []).compactMap(\.string) }
        servedResources = body["served_resources"].map { ($0.array ?? []).compactMap(\.string) }
        mayAct = body["may_act"]?.string
        metadata = body["metadata"]?.object ?? [:]
        version = record.version
    }
}

extension ClientCertificateName {
    fileprivate init?(stored json: JSON) {
        guard let member = json.object?.members.first, let value = member.value.string else { return nil }
        self.init(member: member.name, value: value)
    }
}

extension StoredSecret {
    package var json: JSON {
        var members: JSONObject = ["mac": .string(Base64URL.encode(mac.octets)), "created_at": .integer(createdAt)]
        members["last_used_at"] = lastUsedAt.map { .integer($0) }
        return .object(members)
    }

    fileprivate init?(_ json: JSON) {
        guard let object = json.object,
            let mac = object["mac"]?.string.flatMap({ Base64URL.decode($0) }).flatMap(SecretMAC.init(octets:)),
            let createdAt = object["created_at"]?.int
        else { return nil }
        self.init(mac: mac, createdAt: createdAt, lastUsedAt: object["last_used_at"]?.int)
    }
}

extension JSON {
    /// An array of texts.
    package static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}

extension JSONObject {
    /// The texts of a list; empty where there is none.
    package func strings(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }

    /// The texts of a list; nil inside if there is none; nil if it is something else: what is left out could be what
    /// limits somebody.
    package func optionalStrings(_ name: String) -> [String]?? {
        guard let value = self[name] else { return .some(nil) }
        guard let values = value.array, case let texts = values.compactMap(\.string), texts.count == values.count else {
            return nil
        }
        return texts
    }

    /// false if there is none; nil if it is neither true nor false.
    package func flag(_ name: String) -> Bool? {
        guard let value = self[name] else { return false }
        return value.bool
    }
}
