package import AuthorizationRecords
import Certificates
import JOSE
package import JSON

extension RegisteredClient {
    /// All that is registered (RFC 7591 §3.2.1), without secrets.
    package var metadataDocument: JSONObject {
        let hasCode = grants.contains { $0.rawValue == "authorization_code" }
        var document: JSONObject = [
            "client_id": .string(id), "client_id_issued_at": .integer(createdAt),
            "token_endpoint_auth_method": authenticationMethods.map(\.rawValue).sorted().first.map { .string($0) }
                ?? .null,
            "grant_types": .strings(grants.map(\.rawValue).sorted()), "response_types": hasCode ? ["code"] : [],
        ]
        if !name.isEmpty { document["client_name"] = .string(name) }
        if !scopes.isEmpty { document["scope"] = .string(scopes.joined(separator: " ")) }
        if !redirectURIs.isEmpty { document["redirect_uris"] = .strings(redirectURIs) }
        document["jwks"] = keySet
        document["jwks_uri"] = keySetURL.map { .string($0) }
        if let certificateName { document[certificateName.member] = .string(certificateName.value) }
        document["dpop_bound_access_tokens"] = .bool(bindsToKey)
        document["tls_client_certificate_bound_access_tokens"] = .bool(bindsToCertificate)
        document["require_pushed_authorization_requests"] = .bool(requiresPushedRequests)
        document["id_token_signed_response_alg"] = idTokenAlgorithm.map { .string($0.rawValue) }
        document["backchannel_logout_uri"] = backChannelLogoutURI.map { .string($0) }
        if backChannelLogoutURI != nil {
            document["backchannel_logout_session_required"] = .bool(wantsLogoutSession)
        }
        document["require_pkce"] = .bool(requiresProofKey)
        document["require_acr_values"] = .bool(requiresACRValues)
        if !defaultACRValues.isEmpty { document["default_acr_values"] = .strings(defaultACRValues) }
        document["allow_token_endpoint_audience"] = .bool(takesEndpointAudience)
        for (name, value) in metadata.members { document[name] = value }
        return document
    }

    /// It authenticates by a secret, so it needs one.
    package var usesSecret: Bool { !authenticationMethods.isDisjoint(with: [.clientSecretBasic, .clientSecretPost]) }
}

extension ClientCertificateName {
    /// RFC 8705 §2.1.2.
    static let members = [
        "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
        "tls_client_auth_san_email",
    ]

    /// It could be in a certificate.
    var isWellFormed: Bool {
        switch self {
        case .subject(let text): SubjectName(text) != nil
        case .dns(let text): !text.contains("*") && !text.contains(" ")
        case .uri(let text): text.contains(":")
        case .ip(let text): CertificateFacts.isIPAddress(text)
        case .email(let text): text.contains("@")
        }
    }
}
