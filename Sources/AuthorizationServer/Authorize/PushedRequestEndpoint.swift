import AuthorizationRecords
import HTTP
import JSON
import LogIn
import Policy

/// `POST /oauth2/par` (RFC 9126): the client shows who it is, and its request is judged before a browser is involved.
struct PushedRequestEndpoint: ClientOperation {
    let takesProofs = true
    let store: any AuthorizationStore
    let objects: RequestObjects
    let judge: AuthorizationRequestValidator
    let pending: PendingRequests
    let profile: SecurityProfile

    /// Of client authentication; they are over once the client is known.
    static let credentials: Set<String> = ["client_secret", "client_assertion", "client_assertion_type"]

    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse {
        let client = request.client.client
        let now = request.call.now
        // §2.1
        guard request.parameters.value("request_uri") == nil else { throw .pushedRequestURI }
        let proof = try request.provedKey()
        let parameters = try bound(
            try await counting(request.parameters, client: client, now: now), to: proof?.keyThumbprint)
        guard parameters.value("redirect_uri") != nil || !profile.demandsRedirectURI else {
            throw .redirectURINotPushed
        }
        let redirectURI = try RedirectURI.chosen(
            asked: parameters.value("redirect_uri"), of: client)
        _ = try judge.judge(parameters, client: client, redirectURI: redirectURI, now: now)
        let reference = RandomText.requestURI.make(request.call.random)
        let pushed = PushedRequest(
            reference: reference, clientID: client.id, parameters: parameters, now: now, sender: request.sender)
        guard pushed.isStorable else { throw .requestTooLarge }
        if let proof { try await request.use(proof) }
        let changes = pending.insertion(of: pushed.record)
        guard try await store.orUnavailable({ try await $0.commit(changes, now: now) }) else {
            throw .unavailable
        }
        return .json(
            status: 201, ["request_uri": .string(reference), "expires_in": .integer(PushedRequest.lifetimeSeconds)])
    }

    /// With a signed request nothing else counts (§3).
    private func counting(_ sent: RequestParameters, client: RegisteredClient, now: Int64) async throws(OAuthError)
        -> RequestParameters
    {
        if let object = sent.value("request") {
            return try await objects.parameters(of: object, client: client, now: now)
        }
        return RequestParameters(pairs: sent.all.filter { !Self.credentials.contains($0.name) })
    }

    /// With the key that was proved here (RFC 9449 §10.1): it and `dpop_jkt` must be the same.
    private func bound(_ parameters: RequestParameters, to thumbprint: String?) throws(OAuthError)
        -> RequestParameters
    {
        guard let thumbprint else { return parameters }
        guard parameters.value("dpop_jkt") ?? thumbprint == thumbprint else { throw .keysDiffer }
        return RequestParameters(pairs: parameters.all.filter { $0.name != "dpop_jkt" } + [("dpop_jkt", thumbprint)])
    }
}

extension OAuthError {
    static let pushedRequestURI = OAuthError("invalid_request", "request_uri cannot be pushed")
    /// FAPI 2.0 §5.3.2.2-6.
    static let redirectURINotPushed = OAuthError("invalid_request", "redirect_uri is missing from the pushed request")
    static let keysDiffer = OAuthError("invalid_request", "dpop_jkt is not the key of the proof")

    static var pushedRequests: [OAuthError] {
        [pushedRequestURI, redirectURINotPushed, keysDiffer, requestTwice, notPushed, badRequestURI, badRequestObject]
    }
}
