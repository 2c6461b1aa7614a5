import AuthorizationRecords
import JSON

/// Clients of Ory Hydra, as `hydra list clients --format json` has them, or its administrative interface. Their secrets are
/// in neither.
package enum HydraImport {
    private static let kept: Set<String> = [
        "client_name", "redirect_uris", "scope", "token_endpoint_auth_method", "jwks", "jwks_uri", "client_uri",
        "logo_uri",
        "tos_uri", "policy_uri", "contacts", "post_logout_redirect_uris",
    ]
    /// Read in another way, or Hydra's own bookkeeping.
    private static let handled: Set<String> = [
        "client_id", "grant_types", "response_types", "scope", "audience", "token_endpoint_auth_method", "skip_consent",
        "backchannel_logout_uri", "backchannel_logout_session_required", "created_at", "updated_at", "client_secret",
        "client_secret_expires_at", "registration_access_token", "registration_client_uri",
    ]
    /// What says the same as nothing.
    private static let usual: [String: String] = [
        "subject_type": "public", "userinfo_signed_response_alg": "none", "access_token_strategy": "jwt",
    ]
    private static let grants: Set<String> = [
        "authorization_code", "refresh_token", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange",
    ]

    /// In the order of the file.
    package static func entries(_ octets: [UInt8]) throws(ImportFault) -> [ImportEntry] {
        let document: JSON
        do throws(JSONError) { document = try JSON.parse(octets, limits: ImportBounds.export) } catch {
            throw ImportFault("the file is no JSON document: \(error)")
        }
        guard let items = document.array ?? document.object?["items"]?.array else {
            throw ImportFault("the file is neither a list of clients nor an object with \"items\"")
        }
        let last = document.object?["is_last_page"]?.bool ?? true
        let more =
            last
            ? []
            : [ImportEntry("the export", .unusable("it is one page of several: list the others with --page-token"))]
        return items.compactMap(\.object).map(client) + more
    }

    private static func client(_ object: JSONObject) -> ImportEntry {
        guard let id = object.text("client_id") else {
            return ImportEntry("client", .unusable("it has no \"client_id\""))
        }
        var notes: [String] = []
        var metadata: JSONObject = [:]
        for (name, value) in object.members where kept.contains(name) && !isEmpty(value) { metadata[name] = value }
        let asked = object["grant_types"]?.array == nil ? ["authorization_code"] : object.texts("grant_types")
        let grants = asked.filter { Self.grants.contains($0) }
        for grant in asked where !Self.grants.contains(grant) { notes.append("the grant \(grant): OAuth 2.1 has none") }
        guard !grants.isEmpty else {
            return ImportEntry("client \(id)", .unusable("none of its grants is there here"), notes: notes)
        }
        metadata["grant_types"] = .strings(grants)
        metadata["response_types"] = grants.contains("authorization_code") ? ["code"] : []
        let scopes = (object.text("scope") ?? "").split(separator: " ").map(String.init)
        // What Hydra calls offline is offline_access.
        let kept = scopes.filter { $0 != "offline" }
        metadata["scope"] = kept.isEmpty ? nil : .string(kept.joined(separator: " "))
        let audience = object.texts("audience")
        if !audience.isEmpty {
            notes.append("audience \(audience.prefix(3).joined(separator: ", ")): see --resource of client add")
        }
        if let url = object.text("backchannel_logout_uri") {
            let (uri, note) = ImportNotes.backChannel(url)
            metadata["backchannel_logout_uri"] = uri
            notes += [note].compactMap { $0 }
        }
        let responses = object.texts("response_types").filter { $0 != "code" && !$0.isEmpty }
        notes += ImportNotes.members(responses, called: "the response types ")
        notes += ImportNotes.members(
            object.members.filter { name, value in
                !Self.kept.contains(name) && !handled.contains(name) && !ImportNotes.saysNothing(value)
                    && value.string != usual[name, default: ""]
            }.map(\.name))
        let method = object.text("token_endpoint_auth_method") ?? "client_secret_basic"
        metadata["token_endpoint_auth_method"] = .string(method)
        if method.hasPrefix("client_secret") {
            notes.append("its secret: exports of Hydra have none; it gets a new one")
        }
        let client = ImportedClient(
            id: id, metadata: metadata, secret: nil, isFirstParty: object.isTrue("skip_consent"))
        return ImportEntry("client \(id)", .client(client), notes: notes)
    }

    private static func isEmpty(_ value: JSON) -> Bool {
        value.isNull || value.string == "" || value.array?.isEmpty == true || value.object?.isEmpty == true
    }
}
