package import AuthorizationRecords
import AuthorizationServer
package import JSON
import LogIn

/// What a client is to be: metadata as RFC 7591 §2 has it, and what is not the client's own to say. Members that the
/// server makes may stand there as they are, so that what was read can be changed and sent back.
struct ClientDocument {
    var id: String?
    let metadata: JSONObject
    let terms: Administration.ClientTerms

    private static let ours: Set<String> = [
        "client_id", "client_id_issued_at", "open_until", "secrets", "first_party", "resources", "served_resources",
        "may_act", "minimum_acr",
    ]
    /// Members that a request may have, besides names of the client by language.
    static let known = ours.union(Administration.clientMembers)

    /// - Parameter old: the client that there is; what the server makes is its.
    init(_ body: JSONObject, replacing old: RegisteredClient? = nil) throws(AdminRefusal) {
        let fixed = old?.managementDocument
        for name in ["client_id_issued_at", "open_until", "secrets"] + (old == nil ? [] : ["client_id"]) {
            guard let value = body[name] else { continue }
            guard value == fixed?[name] else {
                throw AdminRefusal(.badMember, "\(name) is made by the server, and does not change in this way.")
            }
        }
        id = try body.optionalText("client_id")
        terms = Administration.ClientTerms(
            resources: try body.optionalTexts("resources"), servedResources: try body.optionalTexts("served_resources"),
            mayAct: try body.optionalText("may_act"), minimumACR: try body.optionalText("minimum_acr"),
            isFirstParty: try body.optionalFlag("first_party") ?? false)
        var metadata: JSONObject = [:]
        for (name, value) in body.members where !Self.ours.contains(name) { metadata[name] = value }
        self.metadata = metadata
    }

    /// The client with other members (RFC 7396 §2): null takes away, and what is not there stays.
    init(merging patch: JSONObject, into old: RegisteredClient) throws(AdminRefusal) {
        var document = old.managementDocument
        for (name, value) in patch.members {
            if value.isNull {
                document[name] = Optional<JSON>.none
            } else {
                document[name] = value
            }
        }
        // What follows from the grants follows from those that there will be.
        if patch["grant_types"] != nil, patch["response_types"] == nil { document["response_types"] = nil }
        // Keys stand in the document, or at an address; a certificate has one name.
        for group in [["jwks", "jwks_uri"], ClientDocument.certificateNames] {
            guard let given = group.first(where: { patch[$0].map { !$0.isNull } ?? false }) else { continue }
            for name in group where name != given && patch[name] == nil { document[name] = nil }
        }
        if patch["backchannel_logout_uri"] == .null { document["backchannel_logout_session_required"] = nil }
        try self.init(document, replacing: old)
    }

    private static let certificateNames = [
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ]
}

extension Administration {
    /// The client with some members of its document changed; the rest stays, as `replaceClient` has it.
    /// - Parameter patch: null takes a member away (RFC 7396).
    package func changeClient(
        _ id: String, merging patch: JSONObject, expected: Int64? = nil, now: Int64, random: Randomness
    ) async throws -> Done<RegisteredClient> {
        guard let old = try await store.client(id: id) else { throw ManagementError.notFound }
        let document: ClientDocument
        do throws(AdminRefusal) { document = try ClientDocument(merging: patch, into: old) } catch {
            throw ManagementError.refused(error.detail ?? "the client cannot be like that")
        }
        return try await replaceClient(
            id, metadata: document.metadata, terms: document.terms, expected: expected ?? old.version, now: now,
            random: random)
    }
}

extension Administration {
    /// The members of a client's metadata (RFC 7591 §2) that mean something here, besides those that only operators set.
    package static let clientMembers: Set<String> = [
        "client_name", "token_endpoint_auth_method", "grant_types", "response_types", "scope", "redirect_uris",
        "post_logout_redirect_uris",
        "jwks", "jwks_uri",
        "dpop_bound_access_tokens", "tls_client_certificate_bound_access_tokens",
        "require_pushed_authorization_requests", "id_token_signed_response_alg", "backchannel_logout_uri",
        "backchannel_logout_session_required", "require_pkce", "require_acr_values", "default_acr_values",
        "allow_token_endpoint_audience",
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email", "client_uri", "logo_uri", "tos_uri", "policy_uri", "software_id",
        "software_version", "contacts", "authorization_details_types",
    ]
    /// `client_name#de` and the like (RFC 7591 §2.2) begin so.
    package static let clientNameMember = RegisteredClient.nameMember
}
