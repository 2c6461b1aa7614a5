import AuthorizationRecords
import HTTP
import JOSE
import JSON

/// Answers about tokens as JWTs (RFC 9701): whoever got one can show that the server said so. Errors stay plain JSON
/// (§5).
struct IntrospectionSigner: Sendable {
    static let mediaType = "application/token-introspection+jwt"
    let issuer: String
    let keys: SigningKeys

    /// Whether `Accept` names it (§4). Its weight counts only where it is none.
    func isWanted(_ request: ServiceRequest) -> Bool {
        request.values("accept").flatMap { $0.split(separator: ",") }.contains { range in
            let parts = range.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            return parts.first == Self.mediaType
                && !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }

    /// §5. Nothing of the token stands outside of `token_introspection`, so that the answer can be taken for no token.
    func response(_ answer: JSONObject, for client: String, now: Int64) throws(OAuthError) -> ServiceResponse {
        guard let key = keys.ring.current(now: now) else { throw .unavailable }
        let claims: JSONObject = [
            "iss": .string(issuer), "aud": .string(client), "iat": .integer(now),
            "token_introspection": .object(answer),
        ]
        guard let text = try? key.sign(header: ["typ": "token-introspection+jwt"], claims: claims) else {
            throw .unavailable
        }
        return ServiceResponse(
            status: 200,
            fields: [
                ("Content-Type", Self.mediaType), ("Cache-Control", "no-store"), ("Pragma", "no-cache"),
                ("X-Content-Type-Options", "nosniff"),
            ],
            body: Array(text.utf8))
    }
}
