import AuthorizationServer
import Certificates
import Crypto
import HTTP
import JOSE
import JSON
import Octets

@testable import AuthorizationRecords

/// A client with a key of its own, as it makes assertions and proofs.
struct KeyedClient: Sendable {
    let id: String
    let key: SigningKey

    init(_ id: String = "shop", _ algorithm: Algorithm = .es256) throws {
        self.id = id
        key = try SigningKey.generate(algorithm)
    }

    var keySet: JSON { ["keys": [key.publicJWK]] }

    /// A good assertion of this minute, with some members changed; nil takes one away.
    func assertion(header: [String: JSON?] = [:], _ changed: [String: JSON?] = [:], now: Int64 = newYear2026) throws
        -> String
    {
        let claims: [String: JSON] = [
            "iss": .string(id), "sub": .string(id), "aud": .string(AuthorizationHarness.issuer),
            "exp": .integer(now + 60),
            "iat": .integer(now), "jti": "a-1",
        ]
        return try key.sign(header: Self.merged([:], header), claims: Self.merged(claims, changed))
    }

    func proof(
        header: [String: JSON?] = [:], _ changed: [String: JSON?] = [:], now: Int64 = newYear2026
    ) throws -> String {
        let claims: [String: JSON] = [
            "jti": "p-1", "htm": "POST", "htu": .string(AuthorizationHarness.issuer + "/oauth2/token"),
            "iat": .integer(now),
        ]
        return try key.sign(
            header: Self.merged(["typ": "dpop+jwt", "jwk": key.publicJWK], header), claims: Self.merged(claims, changed)
        )
    }

    private static func merged(_ base: [String: JSON], _ changed: [String: JSON?]) -> JSONObject {
        var members = base
        for (name, value) in changed { members[name] = value }
        return JSONObject(members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
}

/// Certificates of a test's own authority.
struct TestCertificateMaker {
    let authority: DevelopmentAuthority
    private let validity = CertificateValidity.days(30, from: newYear2026)

    init() throws { authority = try .create(commonName: "test", validity: .days(30, from: newYear2026)) }

    func der(
        _ commonName: String = "billing", dns: [String] = [], ip: [String] = [], uri: [String] = [],
        keyPEM: String? = nil
    ) throws -> [UInt8] {
        let issued = try authority.issueServer(
            commonName: commonName, dnsNames: dns, ipAddresses: ip, uris: uri, validity: validity, keyPEM: keyPEM)
        let body = issued.certificatePEM.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        let url = String(body.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 }.filter { $0 != "=" })
        guard let octets = Base64URL.decode(url) else { throw HarnessError() }
        return octets
    }
}

extension AuthorizationHarness {
    func register(
        _ client: KeyedClient, _ method: ClientAuthenticationMethod = .privateKeyJWT,
        _ change: (inout RegisteredClient) -> Void = { _ in }
    ) async throws {
        var registered = RegisteredClient(
            id: client.id, name: "", grants: [.clientCredentials], authenticationMethods: [method],
            scopes: ["orders:read"], secrets: [],
            createdAt: newYear2026)
        registered.keySet = client.keySet
        change(&registered)
        guard try await store.insert(registered, now: newYear2026) else { throw HarnessError() }
    }

    /// Any request to any endpoint.
    func send(
        _ method: String = "POST", _ path: String = "/oauth2/token", query: String? = nil, _ body: String = "",
        type: String = "application/x-www-form-urlencoded", fields: [ServiceRequest.Field] = [],
        certificate: [UInt8]? = nil,
        host: String = "login.example.com", now: Int64 = newYear2026
    ) async -> Answer {
        let request = ServiceRequest(
            method: method, path: path, query: query, host: host, fields: [("content-type", type)] + fields,
            body: Array(body.utf8),
            clientAddress: "192.0.2.1", clientCertificateDER: certificate)
        return await Answer(server.answer(request, now: now, random: random))
    }

    /// A token request by assertion.
    func token(
        assertion: String, _ more: String = "", fields: [ServiceRequest.Field] = [], certificate: [UInt8]? = nil,
        now: Int64 = newYear2026
    ) async -> Answer {
        await send(
            "POST", "/oauth2/token",
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="
                + assertion + more, fields: fields, certificate: certificate, now: now)
    }
}
