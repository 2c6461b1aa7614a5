import HTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

/// Slow downloads, uploads and tunnels of one client must leave connections of a service to others.
@Suite("A client's share of an upstream")
struct ClientShareTests {
    private let loop = TransportLoop(index: 0, eventLoop: EmbeddedEventLoop(), timeouts: TransportTimeouts())

    private func pool(_ streamsPerClientMax: Int?, tunnels: Int? = nil) -> UpstreamPool {
        UpstreamPool(
            loop: loop, host: "127.0.0.1", port: 1, tls: nil, connectionsMax: 4,
            streamsPerClientMax: streamsPerClientMax, tunnelsPerClientMax: tunnels)
    }

    @Test("one address holds no more streams of a pool than it may, however many connections it has")
    func bounded() {
        let pool = pool(2)
        let one = loop.clientShares.joined("192.0.2.1")
        let same = loop.clientShares.joined("192.0.2.1")
        let other = loop.clientShares.joined("192.0.2.2")
        #expect([one, same, one].map { $0.take(of: pool, forTunnel: false) } == [true, true, false])
        #expect(other.take(of: pool, forTunnel: false))
        // Another pool is another matter.
        #expect(one.take(of: self.pool(1), forTunnel: false))
        one.giveBack(of: pool, forTunnel: false)
        #expect(same.take(of: pool, forTunnel: false) && !same.take(of: pool, forTunnel: false))
    }

    @Test("tunnels have a bound of their own within it, so that they leave the address some for its requests")
    func tunnels() {
        let pool = pool(3, tunnels: 2)
        let one = loop.clientShares.joined("192.0.2.1")
        let other = loop.clientShares.joined("192.0.2.2")
        #expect((0..<3).map { _ in one.take(of: pool, forTunnel: true) } == [true, true, false])
        #expect((0..<2).map { _ in one.take(of: pool, forTunnel: false) } == [true, false])
        #expect(other.take(of: pool, forTunnel: true))
        // A request that ends leaves room for a request, a tunnel that ends for either.
        one.giveBack(of: pool, forTunnel: false)
        #expect(!one.take(of: pool, forTunnel: true) && one.take(of: pool, forTunnel: false))
        one.giveBack(of: pool, forTunnel: true)
        #expect(one.take(of: pool, forTunnel: true) && !one.take(of: pool, forTunnel: false))
        #expect(!loop.clientShares.joined("192.0.2.3").take(of: self.pool(3, tunnels: 0), forTunnel: true))
    }

    @Test("an offer to switch counts as a tunnel until its exchange is over, whatever the service makes of it")
    func offers() throws {
        for offer in ["", "Connection: Upgrade\r\nUpgrade: websocket\r\n"] {
            let harness = ForwardingHarness(streamsPerClientMax: 2, tunnelsPerClientMax: 1)
            try harness.receive("GET /a HTTP/1.1\r\nHost: h\r\n\(offer)\r\n")
            let pool = try #require(harness.pool)
            let share = harness.client.loop.clientShares.joined("192.0.2.1")
            #expect(share.take(of: pool, forTunnel: true) == offer.isEmpty)
            if offer.isEmpty { share.giveBack(of: pool, forTunnel: true) }
            #expect(share.take(of: pool, forTunnel: false))
            try harness.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", framing: .length(0))
            harness.upstream.end()
            #expect(share.take(of: pool, forTunnel: true) && !share.take(of: pool, forTunnel: false))
        }
    }

    @Test("is forgotten when the address has no connection any more, and not before")
    func forgotten() {
        let pool = pool(1)
        let one = loop.clientShares.joined("192.0.2.1")
        let two = loop.clientShares.joined("192.0.2.1")
        #expect(one.take(of: pool, forTunnel: false))
        loop.clientShares.left(one)
        #expect(!loop.clientShares.joined("192.0.2.1").take(of: pool, forTunnel: false))
        loop.clientShares.left(two)
        loop.clientShares.left(two)
        #expect(loop.clientShares.joined("192.0.2.1").take(of: pool, forTunnel: false))
    }

    @Test("a pool without such a bound lends what it has")
    func unbounded() {
        let pool = pool(nil)
        let one = loop.clientShares.joined("192.0.2.1")
        #expect((0..<1_000).allSatisfy { _ in one.take(of: pool, forTunnel: false) })
    }

    @Test("a request above it is refused as if all connections were busy, and the next one is served when one is over")
    func refused() throws {
        let harness = ForwardingHarness(streamsPerClientMax: 0)
        try harness.client.receive("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(harness.client.heard == ["began /a", "forward failed tooManyWaiting", "ended complete 502"])

        let served = ForwardingHarness(streamsPerClientMax: 1)
        for _ in 0..<3 {
            try served.receive("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
            try served.upstream.answerHead("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", framing: .length(0))
            served.upstream.end()
        }
        #expect(served.client.heard.filter { $0 == "ended complete 200" }.count == 3)
    }
}
