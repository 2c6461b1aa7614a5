import GatewayTesting
import JSON
import Testing

/// Whether two servers could read the octets differently does not matter where the first one refuses them.
///
/// One gateway and one upstream for all cases, one case after the other: if the gateway dies, the case that failed
/// first says of what.
@Suite("requests that two servers could read differently", .serialized)
struct SmugglingTests {
    private struct Harness: Sendable {
        let gateway: TestGateway
        let upstream: TestUpstream
    }
    private static let harness = Task {
        let certificates = try TestCertificates.shared()
        let upstream = try TestUpstream.start(.orders(certificates))
        let gateway = try await TestGateway.start(.open(to: upstream.port), certificates: certificates)
        return Harness(gateway: gateway, upstream: upstream)
    }

    @Test("are refused as a whole, and their good neighbours served", arguments: SmugglingCase.all)
    func isRefused(_ shape: SmugglingCase) async throws {
        let harness = try await Self.harness.value
        let path = "/first-\(UInt32.random(in: .min ... .max))"
        // The kernel may give the port of an earlier case's connection again.
        let earlier = try harness.gateway.auditRecords().count
        let client = try await harness.gateway.rawClient()
        // A gateway that has seen enough may close before it was sent everything.
        try? await client.write(shape.octets(at: path))
        switch shape.outcome {
        case .served(let count):
            for _ in 0..<count { #expect(try await client.readAnswer().status == 200) }
            #expect(harness.upstream.requests.filter { $0.path == path }.count == count)
        case .refused(let status), .refusedInBody(let status):
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.status) == [status])
            #expect(ending == .closed)
            let seen = harness.upstream.requests.filter { $0.path == path }
            #expect(seen.allSatisfy { !$0.isComplete })
            if shape.outcome == .refused(status) { #expect(seen.isEmpty) }
        }
        #expect(harness.upstream.requests.allSatisfy { $0.path != "/smuggled" })
        let port = JSON.integer(Int64(await client.localPort))
        let expected =
            switch shape.outcome {
            case .served(let count): count;
            case .refused, .refusedInBody: 1
            }
        // Records come in the order of the event loop: behind the marker's there are none of this connection any more.
        let marker = try await harness.gateway.client().get(harness.gateway.url + "/marker")
        _ = try await harness.gateway.auditRecord(of: marker)
        let records = try harness.gateway.auditRecords().dropFirst(earlier).filter {
            $0["client_port"] == port && $0["path"] != "/marker"
        }
        #expect(records.count == expected)
        if case .served = shape.outcome {} else { #expect(records.first?["decision"] == "refused") }
        #expect(harness.upstream.violations == [])
    }
}
