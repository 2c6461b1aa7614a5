import AuthorizationRecords
import JOSE
import JSON
import LogIn
import Octets
import Policy
import Proof
import Texts

/// Whether a client may ask for what it asks for: from parameters, wherever they came from, to an
/// `AuthorizationRequest`.
struct AuthorizationRequestValidator: Sendable {
    let targets: TargetRules
    /// Types of `authorization_details` that may be asked for at all.
    let detailTypes: [String]
    let hints: IDTokenHints
    let profile: SecurityProfile

    /// - Parameters:
    ///   - redirectURI: as `RedirectURI.chosen` chose it.
    ///   - now: seconds since 1970.
    func judge(_ parameters: RequestParameters, client: RegisteredClient, redirectURI: String, now: Int64)
        throws(OAuthError) -> AuthorizationRequest
    {
        try ParameterBounds.check(parameters)
        guard client.grants.contains(.authorizationCode) else { throw .clientWithoutCodes }
        guard let responseType = parameters.value("response_type") else { throw .noResponseType }
        guard responseType == "code" else { throw .unsupportedResponseType }
        guard let responseMode = AuthorizationRequest.ResponseMode(asked: parameters) else {
            throw .unsupportedResponseMode
        }
        var request = AuthorizationRequest(
            clientID: client.id, redirectURI: redirectURI,
            scopes: try IdentityScope.scopes(asked: parameters.value("scope"), of: client, targets),
            resources: try targets.resources(asked: parameters.values("resource"), allowed: client.resources),
            codeChallenge: try challenge(parameters, client))
        request.responseMode = responseMode
        request.state = parameters.value("state")
        request.nonce = try text("nonce", parameters)
        request.loginHint = try text("login_hint", parameters)
        // That no page is in one of them is no error (OpenID Connect Core §3.1.2.1).
        request.uiLocales = parameters.value("ui_locales").flatMap(Languages.kept)
        request.prompts = try prompts(parameters.value("prompt"))
        request.maxAge = try maxAge(parameters.value("max_age"))
        request.acrValues = (try text("acr_values", parameters) ?? "").split(separator: " ").map(String.init)
        // OpenID Connect Registration §2.
        if request.acrValues.isEmpty { request.acrValues = client.defaultACRValues }
        request.requiresACR = client.requiresACRValues
        request.hintedUser = try hintedUser(parameters.value("id_token_hint"), client, now: now)
        try ClaimsParameter.read(parameters.value("claims"), for: client, into: &request)
        request.authorizationDetails = try AuthorizationDetails.read(
            parameters.value("authorization_details"), for: client, supported: detailTypes)
        request.keyThumbprint = try keyThumbprint(parameters.value("dpop_jkt"))
        guard request.isStorable else { throw .requestTooLarge }
        return request
    }

    /// Without `code_challenge_method` it would be `plain` (RFC 7636 §4.3), which does not exist here. A client may be
    /// exempt, and then its `nonce` keeps codes of others out of its sessions (RFC 9700 §2.1.1, §4.5.3.2).
    private func challenge(_ parameters: RequestParameters, _ client: RegisteredClient) throws(OAuthError) -> String? {
        guard let challenge = parameters.value("code_challenge") else {
            let isExempt = !client.requiresProofKey && !client.isPublic && profile == .standard
            guard isExempt, parameters.value("code_challenge_method") == nil else { throw .noChallenge }
            let isOpenID = (parameters.value("scope") ?? "").split(separator: " ").contains {
                $0 == IdentityScope.openID
            }
            guard isOpenID, parameters.value("nonce") != nil else { throw .noChallengeNorNonce }
            return nil
        }
        guard parameters.value("code_challenge_method") == ProofKey.method else { throw .badChallengeMethod }
        guard ProofKey.isWellFormed(challenge) else { throw .badChallenge }
        return challenge
    }

    /// One of ours, and the client's own: another's would let it ask about users that it does not know.
    private func hintedUser(_ token: String?, _ client: RegisteredClient, now: Int64) throws(OAuthError) -> String? {
        guard let token else { return nil }
        guard let hint = hints.hint(token, now: now), hint.clientID == client.id else { throw .badIDTokenHint }
        return hint.subject
    }

    private func text(_ name: String, _ parameters: RequestParameters) throws(OAuthError) -> String? {
        guard let text = parameters.value(name) else { return nil }
        guard text.utf8.count <= AuthorizationRequest.textBytesMax else { throw .parameterTooLong }
        return text
    }

    /// `none` stands alone.
    private func prompts(_ text: String?) throws(OAuthError) -> Set<AuthorizationRequest.Prompt> {
        let words = (text ?? "").split(separator: " ")
        let prompts = Set(words.compactMap { AuthorizationRequest.Prompt(rawValue: String($0)) })
        guard prompts.count == Set(words).count, !prompts.contains(.none) || prompts.count == 1 else {
            throw .badPrompt
        }
        return prompts
    }

    private func maxAge(_ text: String?) throws(OAuthError) -> Int64? {
        guard let text else { return nil }
        guard (1...10).contains(text.utf8.count), text.utf8.allSatisfy({ ASCII.isDigit($0) }),
            let age = Int64(text)
        else { throw .badMaxAge }
        return age
    }

    /// SHA-256 in base64url (RFC 7638).
    private func keyThumbprint(_ text: String?) throws(OAuthError) -> String? {
        guard let text else { return nil }
        guard Base64URL.decode(text)?.count == 32 else { throw .badKeyThumbprint }
        return text
    }
}

extension AuthorizationRequest.ResponseMode {
    /// nil: it asks for one that there is not.
    init?(asked parameters: RequestParameters) {
        guard let text = parameters.value("response_mode") else {
            self = .query
            return
        }
        self.init(rawValue: text)
    }
}

extension IdentityScope {
    /// What is asked for, or all that the client has. Whoever may refresh may say `offline_access`, which gives nothing
    /// more; for everybody else it is passed over (OpenID Connect Core §11).
    static func scopes(asked: String?, of client: RegisteredClient, _ targets: TargetRules) throws(OAuthError)
        -> [String]
    {
        let scopes = try targets.scopes(asked: asked, allowed: asked == nil ? client.scopes : client.scopes + [offline])
        return client.grants.contains(.refreshToken) ? scopes : scopes.filter { $0 != offline }
    }
}

extension OAuthError {
    static let clientWithoutCodes = OAuthError("unauthorized_client", "this client may not ask for authorization codes")
    static let noResponseType = OAuthError("invalid_request", "response_type is missing")
    static let unsupportedResponseType = OAuthError(
        "unsupported_response_type", "there is no other response_type than code")
    static let unsupportedResponseMode = OAuthError(
        "invalid_request", "there is no other response_mode than query and form_post")
    static let badIDTokenHint = OAuthError(
        "invalid_request", "id_token_hint is no ID token that this server has issued to this client")
    static let noChallengeNorNonce = OAuthError(
        "invalid_request", "without code_challenge (PKCE), the request needs the scope openid and a nonce")
    static let noChallenge = OAuthError("invalid_request", "code_challenge is missing (PKCE, RFC 7636)")
    static let badChallengeMethod = OAuthError("invalid_request", "code_challenge_method must be S256")
    static let badChallenge = OAuthError(
        "invalid_request", "code_challenge must have 43 to 128 of the characters A-Z a-z 0-9 - . _ ~")
    static let parameterTooLong = OAuthError("invalid_request", "a parameter is too long")
    static let badPrompt = OAuthError("invalid_request", "prompt has an unknown word, or none beside others")
    static let badMaxAge = OAuthError("invalid_request", "max_age is no number of seconds")
    static let badKeyThumbprint = OAuthError("invalid_request", "dpop_jkt is no SHA-256 thumbprint")

    static var authorizationRequest: [OAuthError] {
        [
            clientWithoutCodes, noResponseType, unsupportedResponseType, unsupportedResponseMode, noChallenge,
            noChallengeNorNonce, badIDTokenHint,
            badChallengeMethod, badChallenge,
            parameterTooLong, badPrompt, badClaims, badMaxAge, badKeyThumbprint, invalidAuthorizationDetails,
        ]
    }
}
