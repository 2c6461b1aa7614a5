import Foundation
import GatewayTesting
import JSON
import Testing

/// Workloads that show a token of their platform in place of a secret, where several clients are trusted.
@Suite("a workload becomes the client that it names", .tags(.timed))
struct FederationJourneyTests {
    /// All of the same issuer; a token of branch `main` of the shop fits the first three.
    private static let trusts = [
        "trusts:",
        "  - {issuer: partner, client: everybody, claims: {repository: {equals: shop}}, single_use: false}",
        "  - {issuer: partner, client: releaser, claims: {ref: {equals: main}}, single_use: false}",
        "  - {issuer: partner, client: releaser, claims: {repository: {equals: shop}}}",
        "  - {issuer: partner, client: auditor, claims: {repository: {equals: books}}}",
        "  - {issuer: silent, client: somebody, claims: {repository: {equals: shop}}}",
    ]

    private static func run(_ body: (GatewayHarness, TestIssuer, String) async throws -> Void) async throws {
        let issuer = try TestIssuer.partner()
        let unused = try TestUpstream.unusedPort()
        try await GatewayHarness.runOwnIssuer(
            server: trusts,
            edit: {
                $0.replacingOccurrences(
                    of: "issuers:\n  local:",
                    with: """
                        issuers:
                          partner: {issuer: \(issuer.identifier), jwks: {file: partner.json}, audience: \(issuer.audience), algorithms: [RS256, ES256]}
                          silent: {issuer: https://localhost:\(unused), jwks: {url: "https://localhost:\(unused)/jwks"}, audience: x, algorithms: [ES256]}
                          local:
                        """)
            },
            prepare: { try issuer.writeKeys(to: $0, as: "partner.json") }
        ) { harness, own in
            for client in ["everybody", "releaser", "auditor", "stranger"] {
                let added = try await Portcullis.run(
                    [
                        "client", "add", client, "--public", "--scope", "orders:read", "--grant",
                        "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    ], in: harness.gateway.folder)
                #expect(added.status == 0, "\(added.errors)")
            }
            try await body(harness, issuer, own)
        }
    }

    private static func ask(_ harness: GatewayHarness, _ assertion: String, as client: String) async throws
        -> CurlResponse
    {
        var request = harness.request(
            "/oauth2/token", method: "POST",
            fields: [HeaderField("Content-Type", "application/x-www-form-urlencoded")])
        request.body = .text(
            "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&client_id=\(client)&assertion=\(assertion)")
        return try await harness.client().send(request)
    }

    @Test("AS-101 the trusts that count are those of the client that is named, wherever they stand in the list")
    func named() async throws {
        try await Self.run { harness, issuer, own in
            func assertion(_ repository: String, _ ref: String) throws -> String {
                try issuer.token(adding: [
                    "aud": .string(own), "repository": .string(repository), "ref": .string(ref),
                ])
            }
            for (client, repository, ref, status) in [
                ("everybody", "shop", "main", 200), ("releaser", "shop", "main", 200),
                ("releaser", "books", "main", 200), ("releaser", "books", "other", 400),
                ("auditor", "books", "main", 200), ("auditor", "shop", "main", 400),
                ("everybody", "books", "main", 400), ("stranger", "shop", "main", 400),
            ] {
                let answer = try await Self.ask(harness, try assertion(repository, ref), as: client)
                #expect(answer.status == status, "\(client) \(repository) \(ref): \(answer.text)")
                guard status == 200 else { continue }
                let token = try #require(try JSON.parse(answer.body).object?["access_token"]?.string)
                let part = try #require(token.split(separator: ".").dropFirst().first)
                let claims = try #require(
                    Data(base64Encoded: Self.padded(String(part))).flatMap { try? JSON.parse([UInt8]($0)).object })
                #expect(claims["client_id"]?.string == client && claims["sub"]?.string == client)
            }
            // Of two that fit, the one that takes a token once; for a client with the other alone it may come again.
            let twice = try assertion("shop", "main")
            #expect(try await Self.ask(harness, twice, as: "releaser").status == 200)
            #expect(try await Self.ask(harness, twice, as: "releaser").status == 400)
            for _ in 0..<2 { #expect(try await Self.ask(harness, twice, as: "everybody").status == 200) }
        }
    }

    private static func padded(_ text: String) -> String {
        text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
            + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
