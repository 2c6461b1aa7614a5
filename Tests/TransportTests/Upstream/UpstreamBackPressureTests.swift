import NIOCore
import Testing

@testable import Transport

@Suite("reading from an upstream")
struct UpstreamBackPressureTests {
    private let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"

    @Test("stops while the client is slow, and goes on where it stopped")
    func pause() throws {
        let harness = UpstreamHarness()
        let (delegate, upstream) = try harness.send()
        try upstream.says(head + "he")
        let stream = try #require(delegate.stream)
        let before = upstream.readsAsked
        upstream.asksToRead()
        #expect(upstream.readsAsked == before + 1)
        stream.pauseReading()
        upstream.asksToRead()
        upstream.asksToRead()
        #expect(upstream.readsAsked == before + 1)
        stream.resumeReading()
        #expect(upstream.readsAsked == before + 2)
        stream.resumeReading()
        #expect(upstream.readsAsked == before + 2)
        upstream.asksToRead()
        #expect(upstream.readsAsked == before + 3)
    }

    @Test("goes on when the answer ends while the client is still slow", arguments: [true, false])
    func idle(nextIsThere: Bool) throws {
        let harness = UpstreamHarness(connectionsMax: 1)
        let (delegate, upstream) = try harness.send()
        let next = nextIsThere ? harness.ask() : nil
        try upstream.says(head + "he")
        try #require(delegate.stream).pauseReading()
        upstream.asksToRead()
        let before = upstream.readsAsked
        try upstream.says("llo")
        #expect(delegate.events.last == "ended")
        #expect(upstream.readsAsked == before + 1)
        #expect((next?.stream != nil) == nextIsThere)
    }
}
