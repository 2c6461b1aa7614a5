import AuthorizationRecords
import JSON
import LogIn

/// How much an authorization request may say. Whoever sends one has not shown who they are, and it is stored until
/// somebody has logged in; so there is room for what real clients send, and for little more. (Adapters of Keycloak, Spring
/// and oauth2-proxy send a `state` of at most a few hundred octets, MSAL one of 1 to 2 KB.)
enum ParameterBounds {
    /// Octets of one value, decoded, where it is not `otherMax`. Those that are read have bounds of their own where these
    /// are smaller: `nonce`, `login_hint` and `acr_values` (`AuthorizationRequest.textBytesMax`), `redirect_uri`
    /// (`RedirectURI.isAcceptable`).
    private static let valueMax = [
        "state": stateMax, "scope": 4_096, "claims": 4_096,
        // Its own error says that it is too long (RFC 9396 §5).
        "authorization_details": 65_536,
        // A token (OpenID Connect Core §3.1.2.1), which is looked at and not stored.
        "id_token_hint": 8_192,
    ]
    static let stateMax = 4_096
    static let otherMax = 2_048
    /// Octets of one name.
    static let nameMax = 128
    /// Parameters in all, `resource` included as often as it is there.
    static let countMax = 64

    static func check(_ parameters: RequestParameters) throws(OAuthError) {
        guard parameters.all.count <= countMax else { throw .tooManyParameters }
        for (name, value) in parameters.all where !PushedRequestEndpoint.credentials.contains(name) {
            guard name.utf8.count <= nameMax, value.utf8.count <= valueMax[name] ?? otherMax else {
                throw name == "state" ? .stateTooLong : .parameterTooLong
            }
        }
    }

    /// `state`, as it stands in the answer: one that is too long is not repeated, not even to say so.
    static func state(_ parameters: RequestParameters) -> String? {
        parameters.value("state").flatMap { $0.utf8.count <= stateMax ? $0 : nil }
    }
}

extension AuthorizationRequest {
    /// Octets as it is stored, at most: of JSON, in which some characters take two or six.
    static let storedBytesMax = 12_288

    /// Whether it keeps to the bound.
    var isStorable: Bool { JSON.object(json).serialized().count <= Self.storedBytesMax }
}

extension OAuthError {
    static let stateTooLong = OAuthError("invalid_request", "state is longer than 4096 octets")
    static let tooManyParameters = OAuthError("invalid_request", "there are more than 64 parameters")
    static let requestTooLarge = OAuthError("invalid_request", "the request as a whole is too large")

    static var parameterBounds: [OAuthError] { [stateTooLong, tooManyParameters, requestTooLarge] }
}
