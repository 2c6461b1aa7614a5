import HTTP
import JOSE
import JSON
import Policy

@testable import AuthorizationRecords
@testable import AuthorizationServer

/// Tokens and grants that are simply there, and endpoints other than the token endpoint.
extension AuthorizationHarness {
    var mint: TokenMint { get throws { TokenMint(issuer: Self.issuer, lifetimeSeconds: 600, keys: try signingKeys) } }

    private var signingKeys: SigningKeys {
        get throws {
            guard let ring = SigningKeyRing([DatedSigningKey(key: key, signsFrom: 0)]) else { throw HarnessError() }
            return SigningKeys(ring)
        }
    }

    func send(
        _ path: String, _ form: String, as client: (String, String)? = ("shop", "s3cret"),
        fields more: [ServiceRequest.Field] = [],
        address: String = "192.0.2.1", method: String = "POST", now: Int64 = newYear2026,
        on other: AuthorizationServer? = nil
    ) async -> Answer {
        var fields: [ServiceRequest.Field] = [("content-type", "application/x-www-form-urlencoded")] + more
        if let client { fields.append(("authorization", basic(client.0, client.1))) }
        let request = ServiceRequest(
            method: method, path: path, host: "login.example.com", fields: fields, body: Array(form.utf8),
            clientAddress: address)
        return await Answer((other ?? server).answer(request, now: now, random: random))
    }

    func introspect(
        _ token: String, as client: (String, String) = ("shop", "s3cret"), _ more: String = "", now: Int64 = newYear2026
    ) async -> Answer {
        await send("/oauth2/introspect", "token=\(token)\(more)", as: client, now: now)
    }

    func revoke(
        _ token: String, as client: (String, String) = ("shop", "s3cret"), _ more: String = "", now: Int64 = newYear2026
    ) async -> Answer {
        await send("/oauth2/revoke", "token=\(token)\(more)", as: client, now: now)
    }

    /// An access token as the server would have made it.
    func accessToken(
        client: String = "shop", subject: String = "ada", scopes: [String] = ["orders:read"],
        audience: String = AuthorizationHarness.audience,
        now: Int64 = newYear2026, _ edit: (inout AccessTokenContent) -> Void = { _ in }
    ) throws -> String {
        var content = AccessTokenContent(clientID: client, subject: subject, scopes: scopes, audience: audience)
        edit(&content)
        return try mint.accessToken(content, now: now, random: random).text
    }

    /// A JWT that the server's key signs, whatever it says.
    func signed(typ: String? = "at+jwt", _ claims: JSONObject) throws -> String {
        var header: JSONObject = [:]
        header["typ"] = typ.map { .string($0) }
        return try key.sign(header: header, claims: claims)
    }

    /// The claims of an access token, for spoiling.
    static var claims: JSONObject {
        [
            "iss": .string(issuer), "sub": "ada", "aud": .string(audience), "client_id": "shop",
            "iat": .integer(newYear2026),
            "exp": .integer(newYear2026 + 600), "jti": "one", "scope": "orders:read",
        ]
    }

    /// A grant with a refresh token, of a user who has an account.
    func grant(
        _ id: String = "g1", client: String = "shop", subject: String = "ada", refreshToken: String = "refresh-1"
    ) async throws {
        let grant = Grant(
            id: id, clientID: client, subject: subject, scopes: ["orders:read"], resources: [Self.audience],
            createdAt: newYear2026,
            expiresAt: newYear2026 + 86_400)
        let record = StoredRecord(
            .refreshToken, RandomText.refreshToken.key(of: refreshToken), expiresAt: newYear2026 + 86_400,
            client: client,
            subject: subject, grant: id,
            body: ["issued_at": .integer(newYear2026)])
        _ = try await store.commit(
            [.insert(StoredUser(id: subject, name: subject, createdAt: newYear2026).record)], now: newYear2026)
        guard try await store.commit([.insert(grant.record), .insert(record)], now: newYear2026) else {
            throw HarnessError()
        }
    }

    /// Registers a client that is not quite like the others.
    func register(_ id: String, grants: Set<GrantType> = [.clientCredentials], _ edit: (inout RegisteredClient) -> Void)
        async throws
    {
        var client = RegisteredClient(
            id: id, name: "", grants: grants, authenticationMethods: [.clientSecretBasic],
            scopes: ["orders:read", "orders:write"],
            secrets: [StoredSecret(mac: pepper.mac(of: "s3cret", clientID: id), createdAt: newYear2026)],
            createdAt: newYear2026)
        edit(&client)
        guard try await store.insert(client, now: newYear2026) else { throw HarnessError() }
    }
}
