import NIOCore
import Testing

@testable import Transport

@Suite("a tunnel to an upstream")
struct UpstreamTunnelTests {
    private static let switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"

    private func tunnel(_ harness: UpstreamHarness) throws -> (RecordingDelegate, EmbeddedUpstream) {
        let (delegate, upstream) = try harness.send(.upgrade)
        _ = try upstream.heard()
        try upstream.says(Self.switching)
        return (delegate, upstream)
    }

    @Test("passes octets in both directions, those behind the head too")
    func octets() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.upgrade)
        #expect(
            try upstream.heard() == "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        try upstream.says(Self.switching + "first")
        try upstream.says("second")
        #expect(delegate.events == ["101 tunnel", "body: first", "body: second"])
        try #require(delegate.stream).sendTunnel(ByteBuffer(string: "third"))
        #expect(try upstream.heard() == "third")
    }

    @Test("ends when the upstream leaves")
    func upstreamLeaves() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try tunnel(harness)
        upstream.close()
        #expect(delegate.events == ["101 tunnel", "tunnel closed"])
        #expect(harness.pool.openConnections == 0)
    }

    @Test("ends when the client leaves, behind what it sent")
    func clientLeaves() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try tunnel(harness)
        let stream = try #require(delegate.stream)
        stream.sendTunnel(ByteBuffer(string: "last"))
        stream.finishTunnel()
        #expect(try upstream.heard() == "last")
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
        #expect(delegate.events == ["101 tunnel"])
    }

    @Test("that never began is abandoned")
    func neverBegan() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.upgrade)
        try #require(delegate.stream).finishTunnel()
        #expect(!upstream.isOpen)
        #expect(harness.pool.openConnections == 0)
    }

    @Test("is not offered to a request that did not ask for one")
    func unasked() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says(Self.switching)
        #expect(delegate.events == ["failed: badResponse"])
    }

    @Test("leaves no connection for another request, even if the upstream stays with HTTP")
    func refused() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send(.upgrade)
        try upstream.says("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(delegate.events == ["204 none", "ended"])
        #expect(!upstream.isOpen)
        #expect(harness.pool.takeStream() == nil)
    }

    @Test("does not use a connection that has served before, but may take the place of one")
    func fresh() throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (_, used) = try harness.send()
        try used.says("HTTP/1.1 204 No Content\r\n\r\n")
        let (_, own) = try tunnel(harness)
        #expect(own !== used)
        #expect(!used.isOpen)
        #expect(harness.pool.openConnections == 1)
        let refused = harness.ask(.upgrade)
        #expect(refused.events == ["failed: tooManyWaiting"])
    }
}
