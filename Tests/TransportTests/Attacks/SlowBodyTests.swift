import HTTP
import NIOCore
import Testing

@testable import Transport

/// A client that sends its body slowly must not hold a connection to the service meanwhile.
@Suite("A slow body")
struct SlowBodyTests {
    @Test(
        "a body up to the bound is whole before a connection to the upstream is asked for",
        arguments: [
            ("Content-Length: 4", 64, true), ("Content-Length: 4", 4, true), ("Content-Length: 4", 3, false),
            ("Content-Length: 4", 0, false), ("Content-Length: 4\r\nExpect: 100-continue", 64, false),
            ("Transfer-Encoding: chunked", 64, false),
        ])
    func gathered(fields: String, bytesMax: Int, isGathered: Bool) throws {
        let harness = ForwardingHarness { $0.loop.gatheredBytesMax = bytesMax }
        try harness.client.receive("POST /a HTTP/1.1\r\nHost: h\r\n\(fields)\r\n\r\n")
        #expect(harness.isWaitingForUpstream != isGathered)
        guard isGathered else { return }
        for octet in "abc" { try harness.client.receive(String(octet)) }
        #expect(!harness.isWaitingForUpstream && !harness.client.isReadingPaused)
        try harness.client.receive("d")
        #expect(harness.isWaitingForUpstream)
        harness.connect()
        #expect(harness.upstream.body == "abcd" && harness.upstream.trailers != nil)
    }

    @Test("a body whose first part came before the decision is read on")
    func lateDecision() throws {
        var late: Exchange?
        let client = ClientHarness { late = $0 }
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        #expect(client.isReadingPaused)
        let exchange = try #require(late)
        ForwardingHarness.forward(exchange)
        #expect(!client.isReadingPaused && exchange.waiter == nil)
        try client.receive("cd")
        #expect(exchange.waiter != nil)
    }

    @Test("a client that leaves in the middle of such a body leaves nothing behind")
    func leaves() throws {
        let harness = ForwardingHarness { $0.loop.gatheredBytesMax = 64 }
        try harness.client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        harness.client.vanish()
        #expect(harness.client.heard == ["began /a", "ended clientGone 0"])
    }

    @Test("a body that stands still is refused, and no upstream is blamed")
    func standsStill() throws {
        let harness = ForwardingHarness { $0.loop.gatheredBytesMax = 64 }
        try harness.client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        harness.client.pass(nanoseconds: .seconds(30))
        #expect(harness.client.heard == ["began /a", "timed out", "ended complete 408"])
    }
}
