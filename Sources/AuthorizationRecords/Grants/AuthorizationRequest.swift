package import JSON

/// An authorization request that has been judged: the client may ask for this, whoever says yes to it.
package struct AuthorizationRequest: Sendable, Equatable {
    /// OpenID Connect Core §3.1.2.1.
    package enum Prompt: String, Sendable { case none, login, consent, selectAccount = "select_account" }

    /// How the answer reaches the client (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
    package enum ResponseMode: String, Sendable, CaseIterable { case query, formPost = "form_post" }

    /// The client that asks.
    package var clientID: String
    /// Where the answer goes: one that the client has registered.
    package var redirectURI: String
    /// As it came, octet by octet.
    package var state: String?
    /// What the client asks for; each is one that it may have.
    package var scopes: [String]
    /// Always at least one: where none was named, the default audience.
    package var resources: [String]
    /// RFC 7636, S256; nil: the client is one that uses `nonce` instead.
    package var codeChallenge: String?
    /// How the answer goes there.
    package var responseMode = ResponseMode.query
    /// For the ID token, as it came; nil: none was sent.
    package var nonce: String?
    /// What the user has to be asked, whatever is known already; empty: what is needed.
    package var prompts: Set<Prompt> = []
    /// Seconds for which a log-in counts; 0: it has to be done again.
    package var maxAge: Int64?
    /// Any of these will do; empty: any whatever.
    package var acrValues: [String] = []
    /// Without one of them there is no answer (RFC 9470 §5); otherwise they are what the client prefers (OpenID Connect
    /// Core §3.1.2.1).
    package var requiresACR = false
    /// The user that the client asks about (`id_token_hint`); nil: whoever comes.
    package var hintedUser: String?
    /// Claims that it asks for one by one; nil: none.
    package var claims: ClaimsRequest?
    /// What the log-in page fills in.
    package var loginHint: String?
    /// The languages that the user wants, as the client knows; nil: the browser says.
    package var uiLocales: String?
    /// RFC 9396 §2, judged; nil: none were sent.
    package var authorizationDetails: JSON?
    /// `dpop_jkt`: the key by which the code will be redeemed (RFC 9449 §10).
    package var keyThumbprint: String?

    /// Octets of `nonce`, `login_hint` and `ui_locales`, and of all `acr_values`, at most; they are kept with the grant.
    package static let textBytesMax = 512
    /// RFC 7636 §4.2.
    package static let codeChallengeBytesMax = 128
    /// Seconds of `max_age` at most: ten digits.
    package static let maxAgeMax: Int64 = 9_999_999_999
    /// Of SHA-256 in base64url.
    private static let thumbprintBytes = 43

    /// As it is kept in interactions and codes.
    package var json: JSONObject {
        var members: JSONObject = [
            "redirect_uri": .string(redirectURI), "scope": .string(scopes.joined(separator: " ")),
            "resource": .strings(resources),
        ]
        if let codeChallenge {
            members["code_challenge"] = .string(codeChallenge)
        } else {
            members["without_pkce"] = true
        }
        if responseMode != .query { members["response_mode"] = .string(responseMode.rawValue) }
        if requiresACR { members["acr_required"] = true }
        members["hinted_user"] = hintedUser.map { .string($0) }
        members["claims"] = claims?.json
        members["state"] = state.map { .string($0) }
        members["nonce"] = nonce.map { .string($0) }
        if !prompts.isEmpty { members["prompt"] = .string(prompts.map(\.rawValue).sorted().joined(separator: " ")) }
        members["max_age"] = maxAge.map { .integer($0) }
        if !acrValues.isEmpty { members["acr_values"] = .strings(acrValues) }
        members["login_hint"] = loginHint.map { .string($0) }
        members["ui_locales"] = uiLocales.map { .string($0) }
        members["authorization_details"] = authorizationDetails
        members["dpop_jkt"] = keyThumbprint.map { .string($0) }
        return members
    }

    package init(clientID: String, redirectURI: String, scopes: [String], resources: [String], codeChallenge: String?) {
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.scopes = scopes
        self.resources = resources
        self.codeChallenge = codeChallenge
    }

    /// nil if the object is not exactly such a request.
    package init?(_ json: JSONObject, clientID: String) {
        do {
            var members = RecordMembers(json)
            self.init(
                clientID: clientID, redirectURI: try members.text("redirect_uri"),
                scopes: try members.text("scope").split(separator: " ").map(String.init),
                resources: try members.texts("resource"),
                codeChallenge: try members.optionalText("code_challenge", bytesMax: Self.codeChallengeBytesMax))
            // One that got lost is no waiver.
            guard try members.flag("without_pkce") == (codeChallenge == nil) else { return nil }
            responseMode = try members.optionalWord("response_mode") ?? .query
            requiresACR = try members.flag("acr_required")
            hintedUser = try members.optionalText("hinted_user", bytesMax: Self.textBytesMax)
            if let stored = members.optionalValue("claims") {
                guard let read = ClaimsRequest(stored) else { return nil }
                claims = read
            }
            state = try members.optionalText("state")
            nonce = try members.optionalText("nonce", bytesMax: Self.textBytesMax)
            prompts = try Self.prompts(members.optionalText("prompt"))
            maxAge = try members.optionalInteger("max_age", in: 0...Self.maxAgeMax)
            acrValues = try members.texts("acr_values")
            loginHint = try members.optionalText("login_hint", bytesMax: Self.textBytesMax)
            uiLocales = try members.optionalText("ui_locales", bytesMax: Self.textBytesMax)
            authorizationDetails = members.optionalValue("authorization_details")
            keyThumbprint = try members.optionalText("dpop_jkt", bytesMax: Self.thumbprintBytes)
            try members.end()
        } catch {
            return nil
        }
        guard !resources.isEmpty, authorizationDetails.map({ $0.array != nil }) ?? true else { return nil }
    }

    /// Whether it may be answered for this user: by `id_token_hint` and by the claim `sub` (OpenID Connect Core §3.1.2.1,
    /// §5.5.1).
    package func mayBe(about userID: String) -> Bool {
        hintedUser.map { $0 == userID } ?? true && (claims?.subjects).map { $0.isEmpty || $0.contains(userID) } ?? true
    }

    private static func prompts(_ text: String?) throws(RecordMembers.Malformed) -> Set<Prompt> {
        let words = (text ?? "").split(separator: " ")
        let prompts = Set(words.compactMap { Prompt(rawValue: String($0)) })
        guard prompts.count == words.count else { throw RecordMembers.Malformed() }
        return prompts
    }
}
