import AuthorizationRecords
import HTTP
import JSON
import LogIn

/// `POST /oauth2/par` (RFC 9126): the client shows who it is, and its request is judged before a browser is involved.
struct PushedRequestEndpoint: ServerEndpoint {
    let methods = ["POST"]
    let authenticator: ClientAuthenticator
    let store: any AuthorizationStore
    let objects: RequestObjects
    let judge: RequestJudge
    /// Of the key that the request proves, by the header `DPoP` (RFC 9449 §10.1).
    let proofs: SenderProofRules

    /// Of client authentication; they are over once the client is known.
    private static let credentials: Set<String> = ["client_secret", "client_assertion", "client_assertion_type"]

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        var clientID: String?
        do throws(OAuthError) {
            let sent = try RequestParameters.form(call.request)
            let client = try await authenticator.authenticate(call, sent).client
            clientID = client.id
            // §2.1
            guard sent.value("request_uri") == nil else { throw .pushedRequestURI }
            let parameters = try await bound(counting(sent, client: client, now: call.now), call)
            let redirectURI = try RedirectURI.chosen(
                asked: parameters.value("redirect_uri"), registered: client.redirectURIs)
            _ = try judge.judge(parameters, client: client, redirectURI: redirectURI)
            let reference = PushedRequest.prefix + Code.text(call.random)
            let pushed = PushedRequest(reference: reference, clientID: client.id, parameters: parameters, now: call.now)
            guard try await store.orUnavailable({ try await $0.commit([.insert(pushed.record)], now: call.now) }) else {
                throw .unavailable
            }
            var response = ServiceResponse.json(
                status: 201, ["request_uri": .string(reference), "expires_in": .integer(PushedRequest.lifetimeSeconds)])
            response.fields += proofs.fields(call)
            response.facts.client = client.id
            return response
        } catch {
            var response = error.response(realm: authenticator.realm)
            response.facts.client = clientID
            return response
        }
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
    private func bound(_ parameters: RequestParameters, _ call: EndpointCall) async throws(OAuthError)
        -> RequestParameters
    {
        guard let thumbprint = try await proofs.provedKey(call) else { return parameters }
        guard parameters.value("dpop_jkt") ?? thumbprint == thumbprint else { throw .keysDiffer }
        return RequestParameters(pairs: parameters.all.filter { $0.name != "dpop_jkt" } + [("dpop_jkt", thumbprint)])
    }
}

extension OAuthError {
    static let pushedRequestURI = OAuthError("invalid_request", "request_uri cannot be pushed")
    static let keysDiffer = OAuthError("invalid_request", "dpop_jkt is not the key of the proof")

    static var pushedRequests: [OAuthError] {
        [pushedRequestURI, keysDiffer, requestTwice, notPushed, badRequestURI, badRequestObject]
    }
}
