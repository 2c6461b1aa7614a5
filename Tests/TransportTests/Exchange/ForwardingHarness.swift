import HTTP
import NIOCore
import NIOEmbedded

@testable import Transport

/// A client's connection whose requests are all forwarded, and the upstream's end of the last one.
final class ForwardingHarness {
    let client: ClientHarness
    let upstream = FakeUpstream()
    private let kept: Kept

    /// - Parameter prepare: what the delegate does before it forwards.
    init(
        streamsPerClientMax: Int? = nil, tunnelsPerClientMax: Int? = nil,
        timeouts: TransportTimeouts = TransportTimeouts(), _ prepare: @escaping (Exchange) -> Void = { _ in }
    ) {
        let kept = Kept()
        client = ClientHarness(timeouts: timeouts) { exchange in
            prepare(exchange)
            kept.exchange = exchange
            if kept.pool == nil {
                kept.pool = ForwardingHarness.pool(exchange.loop, streamsPerClientMax, tunnelsPerClientMax)
            }
            ForwardingHarness.forward(exchange, to: kept.pool)
        }
        self.kept = kept
        // Tests send a head first, and look at what becomes of it.
        client.loop.gatheredBytesMax = 0
    }
    private final class Kept {
        var exchange: Exchange?
        var pool: UpstreamPool?
    }

    private static func pool(
        _ loop: TransportLoop, _ streamsPerClientMax: Int? = nil, _ tunnelsPerClientMax: Int? = nil
    ) -> UpstreamPool {
        UpstreamPool(
            loop: loop, host: "127.0.0.1", port: 1, tls: nil, connectionsMax: 0,
            streamsPerClientMax: streamsPerClientMax, tunnelsPerClientMax: tunnelsPerClientMax)
    }

    /// To an endpoint whose only connection is the fake one.
    static func forward(_ exchange: Exchange, to pool: UpstreamPool? = nil, body: [UInt8]? = nil) {
        let pool = pool ?? Self.pool(exchange.loop)
        let head = exchange.loop.takeUpstreamHead()
        head.head.begin(as: exchange.head, upgrade: true)
        exchange.forward(to: pool, head: head, times: UpstreamTimes(), body: body)
    }

    /// The client sends this, and there is a stream for its request at once.
    func receive(_ text: String) throws {
        try client.channel.writeInbound(ByteBuffer(string: text))
        connect()
    }

    /// The one that requests go to; nil: none has come.
    var pool: UpstreamPool? { kept.pool }

    /// The request has asked for a connection and has none.
    var isWaitingForUpstream: Bool { kept.exchange?.waiter != nil }

    func connect(to other: FakeUpstream? = nil) {
        kept.exchange?.waiter?.cancel()
        kept.exchange?.upstreamConnected(other ?? upstream)
        kept.exchange?.flushUpstream()
        client.eventLoop.run()
    }
}
