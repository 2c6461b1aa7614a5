import AuthorizationRecords
import HTTP
import JSON
import LogIn

/// `POST /oauth2/device_authorization` (RFC 8628 §3.1): a device without a browser asks for a pair of codes.
struct DeviceAuthorizationEndpoint: ClientOperation {
    let store: any AuthorizationStore
    let targets: TargetRules
    let pending: PendingRequests
    /// Of the page for the user: scheme, host, port, path.
    let verificationURI: String

    func answer(_ request: ClientRequest) async throws(OAuthError) -> ServiceResponse {
        guard request.client.client.grants.contains(.deviceCode) else { throw .unauthorizedClient }
        try ParameterBounds.check(request.parameters)
        return .json(
            status: 200,
            try await codes(for: request.client.client, request.parameters, request.call, sender: request.sender))
    }

    private func codes(
        for client: RegisteredClient, _ parameters: RequestParameters, _ call: EndpointCall, sender: RequestSender
    ) async throws(OAuthError) -> JSONObject {
        let scopes = try targets.scopes(asked: parameters.value("scope"), allowed: client.scopes)
        // Judged now, so that nobody is asked to agree to what cannot be had.
        let audience = try targets.audience(asked: parameters.values("resource"), allowed: client.resources)
        // Two devices with one user code at a time would be one too many: the second gets another.
        for _ in 0..<3 {
            guard let userCode = UserCode.generate(call.random) else { throw .unavailable }
            let deviceCode = RandomText.deviceCode.make(call.random)
            let request = DeviceRequest(
                deviceCode: deviceCode, userCode: userCode, clientID: client.id, scopes: scopes, resources: [audience],
                now: call.now, sender: sender)
            let changes = pending.insertion(of: request.userCodeRecord) + pending.insertion(of: request.record)
            guard try await store.orUnavailable({ try await $0.commit(changes, now: call.now) }) else { continue }
            let shown = UserCode.shown(userCode)
            return [
                "device_code": .string(deviceCode), "user_code": .string(shown),
                "verification_uri": .string(verificationURI),
                "verification_uri_complete": .string(verificationURI + "?user_code=" + shown),
                "expires_in": .integer(DeviceRequest.lifetimeSeconds),
                "interval": .integer(DeviceRequest.intervalSeconds),
            ]
        }
        throw .unavailable
    }
}
