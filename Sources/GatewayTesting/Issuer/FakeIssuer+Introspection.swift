import Foundation
package import JSON

/// What the fake issuer says when it is asked about tokens (RFC 7662): the same of each, until a test says otherwise.
extension FakeIssuer {
    /// What it says of a good token; `nil` takes a member away.
    package func facts(_ changed: [String: JSON?] = [:]) -> JSONObject {
        let now = Int64(Date().timeIntervalSince1970)
        var members: JSONObject = [
            "active": true, "iss": .string(identifier), "aud": .string(audience), "sub": "user-1",
            "client_id": "client-1",
            "iat": .integer(now), "exp": .integer(now + 600), "scope": "orders:read", "token_type": "Bearer",
        ]
        for (name, value) in changed { members[name] = value }
        return members
    }

    /// Answers every question with this, until told otherwise.
    package func say(_ members: JSONObject) { serve(.introspection, JSON.object(members).serialized()) }

    /// Says it in a signed answer (RFC 9701), with whatever is wrong with it.
    package func saySigned(
        _ members: JSONObject, to clientID: String, type: String = "token-introspection+jwt",
        signedWith key: TestSigningKey? = nil
    ) throws {
        script(.introspection, try signed(members, to: clientID, type: type, signedWith: key))
    }

    private func signed(
        _ members: JSONObject, to clientID: String, type: String, signedWith key: TestSigningKey?
    ) throws -> UpstreamScript {
        var claims: JSONObject = ["aud": .string(clientID), "token_introspection": .object(members)]
        for name in ["exp", "sub", "client_id", "jti", "scope"] { claims[name] = .null }
        let token = try draft(signedWith: key, header: ["typ": .string(type)], adding: claims).signed()
        return .answer(fields: [HeaderField("Content-Type", "application/token-introspection+jwt")], token)
    }

    /// What it was asked, in the order of the questions.
    package var questions: [UpstreamRequest] {
        let path = path(of: .introspection)
        return server.requests.filter { $0.path == path }
    }
}
