package import HTTP
import JSON

/// Where an OpenID provider lets users log in, by its metadata (OpenID Connect Discovery §3, RFC 8414 §2, RFC 9207
/// §3).
///
/// That it is missing or unusable says nothing against the issuer's keys: only whoever sends users there minds.
package struct ProviderEndpoints: Sendable, Equatable {
    /// `authorization_endpoint`: where browsers are sent.
    package let authorization: AbsoluteURL
    /// `token_endpoint`: where codes are redeemed.
    package let token: AbsoluteURL
    /// nil: it has none, or at a host that nobody named.
    package let userInfo: AbsoluteURL?
    /// Its answers by way of browsers always say who answers.
    package let sendsIssuer: Bool

    init(_ metadata: JSONObject, of source: KeySource) throws(ProviderEndpointsFault) {
        authorization = try Self.url(
            metadata["authorization_endpoint"], source, .missingAuthorization, .forbiddenAuthorization)
        token = try Self.url(metadata["token_endpoint"], source, .missingToken, .forbiddenToken)
        userInfo = metadata["userinfo_endpoint"]?.string.flatMap(AbsoluteURL.init).flatMap {
            source.allows($0) ? $0 : nil
        }
        sendsIssuer = metadata["authorization_response_iss_parameter_supported"]?.bool ?? false
    }

    private static func url(
        _ member: JSON?, _ source: KeySource, _ missing: ProviderEndpointsFault, _ forbidden: ProviderEndpointsFault
    ) throws(ProviderEndpointsFault) -> AbsoluteURL {
        guard let text = member?.string else { throw missing }
        guard let url = AbsoluteURL(text), source.allows(url) else { throw forbidden }
        return url
    }
}

/// Why nobody can log in at an issuer. `rawValue` stands in the log.
package enum ProviderEndpointsFault: String, Error, Sendable {
    case missingAuthorization = "missing_authorization_endpoint"
    /// It is not https, or its host is not one that was configured.
    case forbiddenAuthorization = "forbidden_authorization_endpoint"
    case missingToken = "missing_token_endpoint"
    case forbiddenToken = "forbidden_token_endpoint"
}
