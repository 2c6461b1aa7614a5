import GatewayTesting
import JSON
import Testing

@Suite("tokens with a defect")
struct TokenDefectTests {
    private struct Harness: Sendable {
        let gateway: TestGateway
        let upstream: TestUpstream
        let issuer: TestIssuer
    }
    private static let harness = Task {
        let certificates = try TestCertificates.shared()
        let issuer = try TestIssuer.partner()
        let upstream = try TestUpstream.start(.orders(certificates))
        let gateway = try await TestGateway.start(
            .protected(to: upstream.port, issuer: issuer), certificates: certificates
        ) { folder in
            try folder.write(try TokenDefect.jwks(of: issuer).serialized(), to: "certs/partner.jwks.json")
        }
        return Harness(gateway: gateway, upstream: upstream, issuer: issuer)
    }

    @Test("do not count, and the record says why", arguments: TokenDefect.all)
    func doesNotCount(_ defect: TokenDefect) async throws {
        let harness = try await Self.harness.value
        let client = try await harness.gateway.rawClient()
        let token = try defect.token(of: harness.issuer)
        // libcurl would refuse to send some of these.
        try await client.write("GET /orders HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n")
        let answer = try await client.readAnswer()
        #expect(answer.status == defect.outcome.status)
        let record = try await harness.gateway.auditRecord(of: answer)
        #expect(record["code"]?.string == defect.outcome.code)
        let text = JSON.object(record).serialized()
        #expect(!String(decoding: text, as: UTF8.self).contains(token))
        switch answer.status {
        case 200: #expect(answer.value("www-authenticate") == nil)
        case 401: #expect(answer.value("www-authenticate")?.contains("error=\"invalid_token\"") == true)
        case 403: #expect(answer.value("www-authenticate")?.contains("error=\"insufficient_scope\"") == true)
        default: #expect(answer.value("www-authenticate")?.contains("error=\"invalid_request\"") == true)
        }
    }
}
