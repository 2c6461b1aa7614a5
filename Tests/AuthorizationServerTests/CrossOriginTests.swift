import HTTP
import Policy
import Testing

@testable import AuthorizationTesting

@Suite("CORS: the endpoints that applications in browsers use")
struct CrossOriginTests {
    static let forScripts: Set<AuthorizationServerEndpoint> = [
        .register, .token, .revoke, .deviceAuthorization, .jwks, .metadata, .openIDConfiguration, .par, .userInfo,
    ]

    private func send(_ endpoint: AuthorizationServerEndpoint, _ method: String, preflight: Bool = false) async throws
        -> Answer
    {
        let harness = try AuthorizationHarness.registering(.standard)
        var fields: [ServiceRequest.Field] = [("origin", "https://app.example")]
        if preflight { fields.append(("access-control-request-method", endpoint.declaration.methods[0])) }
        return await Answer(
            harness.server.answer(
                ServiceRequest(method: method, path: endpoint.path, host: "login.example.com", fields: fields),
                now: newYear2026, random: harness.random))
    }

    @Test("scripts may use these endpoints and no others", arguments: AuthorizationServerEndpoint.allCases)
    func preflights(endpoint: AuthorizationServerEndpoint) async throws {
        // There are none without a provider, and without mail.
        guard ![.loginCallback, .accountEmail, .accountForgotten, .signUp].contains(endpoint) else { return }
        let answer = try await send(endpoint, "OPTIONS", preflight: true)
        let isOpen = Self.forScripts.contains(endpoint)
        #expect(answer.status == (isOpen ? 204 : 405))
        #expect(answer.field("access-control-allow-origin") == (isOpen ? "*" : nil))
        #expect(
            answer.field("access-control-allow-methods")
                == (isOpen ? endpoint.declaration.methods.joined(separator: ", ") : nil))
        #expect((answer.field("access-control-allow-headers")?.contains("DPoP") ?? false) == isOpen)
        #expect(endpoint.declaration.routeMethods.contains("OPTIONS") == isOpen)
    }

    @Test("refusals can be read too, with the challenge and the nonce", arguments: AuthorizationServerEndpoint.allCases)
    func refusals(endpoint: AuthorizationServerEndpoint) async throws {
        guard endpoint != .loginCallback else { return }
        for method in [endpoint.declaration.methods[0], "PATCH", "OPTIONS"] {
            let answer = try await send(endpoint, method)
            let isOpen = Self.forScripts.contains(endpoint)
            #expect(answer.field("access-control-allow-origin") == (isOpen ? "*" : nil))
            #expect(
                answer.field("access-control-expose-headers")
                    == (isOpen ? "DPoP-Nonce, WWW-Authenticate, Retry-After" : nil))
            #expect(answer.field("access-control-allow-credentials") == nil)
        }
    }
}
