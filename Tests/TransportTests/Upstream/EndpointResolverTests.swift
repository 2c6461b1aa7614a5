import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Transport

@Suite("the name of an endpoint")
struct EndpointResolverTests {
    /// A resolver whose questions the test answers, on a loop whose clock it moves.
    private final class Harness {
        let eventLoop = EmbeddedEventLoop()
        let loop: TransportLoop
        let resolver: EndpointResolver
        private let answers = Answers()
        private let questions = Questions()
        private(set) var heard: [[SocketAddress]] = []
        var isNeeded = true

        init() {
            loop = TransportLoop(index: 0, eventLoop: eventLoop, timeouts: TransportTimeouts())
            loop.timeOfTest = 1_000_000_000_000
            let (answers, questions) = (answers, questions)
            resolver = EndpointResolver(
                host: "orders.test", port: 9_443, loop: loop,
                lookUp: { _, _ in try answers.now.withLock { try $0.get() } },
                offload: { questions.waiting.append($0) })
            resolver.onAnswer = { [weak self] addresses, _ in self?.heard.append(addresses) }
            resolver.isNeeded = { [weak self] in self?.isNeeded == true }
        }

        final class Answers: Sendable {
            let now = Mutex<Result<[SocketAddress], any Error>>(.success([]))
        }
        final class Questions {
            var asked = 0
            var waiting: [@Sendable () -> Void] = [] { didSet { if waiting.count > oldValue.count { asked += 1 } } }
        }
        var asked: Int { questions.asked }

        /// The system answers what it was asked.
        func answers(_ result: Result<[SocketAddress], any Error>) {
            answers.now.withLock { $0 = result }
            let waiting = questions.waiting
            questions.waiting = []
            for question in waiting { question() }
            eventLoop.run()
        }

        func pass(seconds: Int64) {
            loop.timeOfTest = loop.now() + seconds * 1_000_000_000
            loop.deadlines.sweep(now: loop.now())
            eventLoop.run()
        }
    }

    private struct Unknown: Error {}

    @Test("is asked for once at a time: who asks meanwhile gets the same answer")
    func shared() throws {
        let harness = Harness()
        let address = try SocketAddress(ipAddress: "192.0.2.1", port: 9_443)
        let two = (0..<2).map { _ in harness.resolver.resolve() }
        #expect(harness.asked == 1)
        harness.answers(.success([address]))
        #expect(try two.map { try $0.wait() } == [[address], [address]])
        #expect(harness.heard == [[address]])
        let third = harness.resolver.resolve()
        #expect(harness.asked == 2)
        harness.answers(.failure(Unknown()))
        #expect(throws: Unknown.self) { try third.wait() }
        #expect(harness.heard == [[address]])
    }

    @Test("is asked for every half a minute while connections are open, and not when nobody is interested")
    func refreshed() throws {
        let harness = Harness()
        _ = harness.resolver.resolve()
        harness.answers(.success([]))
        harness.pass(seconds: 29)
        #expect(harness.asked == 1)
        harness.pass(seconds: 1)
        #expect(harness.asked == 2)
        // No answer yet: not asked again.
        harness.pass(seconds: 30)
        #expect(harness.asked == 2)
        harness.answers(.success([]))
        harness.isNeeded = false
        harness.pass(seconds: 30)
        #expect(harness.asked == 2)
        harness.isNeeded = true
        harness.pass(seconds: 30)
        #expect(harness.asked == 3)
        harness.answers(.success([]))
        harness.resolver.stop()
        harness.pass(seconds: 30)
        #expect(harness.asked == 3)
        #expect(harness.heard.count == 3)
    }

    @Test("leads to addresses of both families; an address is no name; a name that leads nowhere says so")
    func system() throws {
        let loop = TransportLoop(index: 0, eventLoop: EmbeddedEventLoop(), timeouts: TransportTimeouts())
        for host in ["127.0.0.1", "::1", "0.0.0.0"] {
            #expect(EndpointResolver.system(host: host, port: 1, loop: loop) == nil)
        }
        #expect(EndpointResolver.system(host: "localhost", port: 1, loop: loop) != nil)
        let found = try SystemNames.lookUp(host: "localhost", port: 443)
        #expect(try found.contains(SocketAddress(ipAddress: "127.0.0.1", port: 443)))
        #expect(throws: SystemNames.Failure.self) { try SystemNames.lookUp(host: "no.such.host.invalid", port: 443) }
        let name = ResolvedName(
            addresses: loop.eventLoop.makeSucceededFuture([
                try SocketAddress(ipAddress: "::1", port: 443), try SocketAddress(ipAddress: "192.0.2.1", port: 443),
            ]))
        #expect(try name.initiateAQuery(host: "", port: 0).wait().map(\.ipAddress) == ["192.0.2.1"])
        #expect(try name.initiateAAAAQuery(host: "", port: 0).wait().map(\.ipAddress) == ["::1"])
    }
}
