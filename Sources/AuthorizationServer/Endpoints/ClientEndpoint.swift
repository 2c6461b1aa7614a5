import AuthorizationRecords
import HTTP
import LogIn

/// An endpoint at which clients authenticate: token, revocation, introspection, device authorization and pushed
/// authorization requests. The steps that all of them share are here, once: read the form, authenticate the client, do
/// what the endpoint is for, add the next DPoP nonce, answer an error, say in the record which client it was. Methods
/// and the size of the body were checked before (`AuthorizationServer.answer`).
struct ClientEndpoint: ServerEndpoint {
    let authenticator: ClientAuthenticator
    let proofs: SenderProofRules
    let operation: any ClientOperation

    func answer(_ call: EndpointCall) async -> ServiceResponse {
        var clientID: String?
        var isAuthentic = false
        var parameters = RequestParameters.none
        var response: ServiceResponse
        do throws(OAuthError) {
            if call.request.method == "POST" { parameters = try .form(call.request) }
            let client = try await authenticator.authenticate(call, parameters)
            clientID = client.client.id
            isAuthentic = true
            response = try await operation.answer(
                ClientRequest(client: client, parameters: parameters, call: call, proofs: proofs))
            if operation.takesProofs { response.fields += proofs.fields(call) }
        } catch {
            response = error.response(challenge: authenticator.challenge)
            clientID = clientID ?? PresentedCredential.claimedName(call.request, parameters)
        }
        response.facts.client = clientID
        // Records with a token are of clients that have shown who they are.
        if isAuthentic { operation.note(parameters, in: &response.facts) }
        return response
    }
}

/// What one of these endpoints is for.
protocol ClientOperation: Sendable {
    /// Whether requests may prove a key (RFC 9449 §5, §10.1); then answers carry the next nonce.
    var takesProofs: Bool { get }
    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse
    /// Says in the record which tokens the client has sent, also where it is refused.
    func note(_ parameters: RequestParameters, in facts: inout ServiceFacts)
}

extension ClientOperation {
    var takesProofs: Bool { false }
    func note(_ parameters: RequestParameters, in facts: inout ServiceFacts) {}
}

/// A request whose client has authenticated.
struct ClientRequest: Sendable {
    let client: AuthenticatedClient
    let parameters: RequestParameters
    let call: EndpointCall
    fileprivate let proofs: SenderProofRules

    /// What tokens of this request are to be bound to; nil: to nothing. The proof does not count as used yet.
    func binding() throws(OAuthError) -> (binding: SenderBinding?, proof: SenderProof?) {
        try proofs.binding(call, client.client)
    }

    /// The key that the request proves; nil: it proves none. The proof does not count as used yet.
    func provedKey() throws(OAuthError) -> SenderProof? { try proofs.proof(call) }

    /// From now on the proof counts as used; throws if it does already.
    func use(_ proof: SenderProof) async throws(OAuthError) { try await proofs.use(proof, now: call.now) }

    /// Who is to be counted for what the request begins: a client that has shown who it is, else the address.
    var sender: RequestSender {
        client.method == .none || client.client.openUntil != nil ? call.sender : .client(client.client.id)
    }
}
