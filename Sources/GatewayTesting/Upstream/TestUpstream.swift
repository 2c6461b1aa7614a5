/// A service behind the gateway that behaves as a test says: a small server on OpenSSL and blocking threads that shares
/// nothing with the gateway's code. It judges the requests it gets by RFC 9112 (`violations`).
package final class TestUpstream: Sendable {
    /// On 127.0.0.1.
    package let port: Int
    private let ledger: UpstreamLedger
    private let listener: ListeningSocket

    /// Listens on a free port.
    /// - Parameters:
    ///   - paths: what happens to requests whose path (without query) is exactly that.
    ///   - otherwise: what happens to all others.
    ///   - timeout: for each single wait of a connection.
    package static func start(
        _ manner: UpstreamManner, paths: [String: UpstreamScript] = [:], otherwise: UpstreamScript = .answer(),
        timeout: Duration = Deadline.durationDefault
    ) throws -> TestUpstream {
        let upstream = try TestUpstream(ledger: UpstreamLedger(fallback: otherwise))
        for (path, script) in paths { upstream.script([script], for: path) }
        let (listener, ledger) = (upstream.listener, upstream.ledger)
        let context = try manner.tls.map { try TLSContext(server: true, $0) }
        BlockingThread.start(name: "upstream") {
            while let wire = listener.accept() {
                guard let number = ledger.add(wire) else { break }
                if manner.isOrdinary { wire.delaySmallWrites() }
                BlockingThread.start(name: "upstream \(number)") {
                    UpstreamConnection(
                        wire, number: number, manner: manner, context: context, ledger: ledger,
                        timeout: timeout
                    ).serve()
                    ledger.remove(number)
                }
            }
        }
        return upstream
    }

    private init(ledger: UpstreamLedger) throws {
        self.ledger = ledger
        listener = try ListeningSocket()
        port = listener.port
    }

    deinit { endAll() }

    /// A port of 127.0.0.1 on which nobody listens.
    package static func unusedPort() throws -> Int { try LoopbackAddress.unusedPort() }

    /// Stops listening, ends all connections, and waits until their threads have gone.
    package func stop() async throws {
        endAll()
        try await eventually("the threads of an upstream to end") {
            self.listener.isClosed && self.ledger.connectionsOpen == 0
        }
    }

    private func endAll() {
        listener.stop()
        ledger.stop()
    }

    // MARK: What it does

    /// From now on requests to `path` are treated like this; of several scripts each is used once, the last for good.
    package func script(_ scripts: [UpstreamScript], for path: String) { ledger.set(scripts, for: path) }

    /// From now on all requests to paths without a script are treated like this.
    package func script(otherwise script: UpstreamScript) { ledger.set(fallback: script) }

    /// Lets everything pass that waits, or will wait, for that gate.
    package func open(gate: String) { ledger.open(gate: gate) }

    /// Closes the connections that are open now, such as those that wait in a pool for their next request.
    package func closeConnections() async throws {
        ledger.interruptConnections()
        try await eventually("connections of an upstream to end") { self.ledger.connectionsOpen == 0 }
    }

    // MARK: What it saw

    /// All requests whose head arrived, in their order.
    package var requests: [UpstreamRequest] { ledger.requests }

    /// What RFC 9112 does not allow in requests that arrived; the gateway must never cause any.
    package var violations: [String] { ledger.violations }

    /// Handshakes that failed and connections that broke.
    package var failures: [String] { ledger.failures }

    /// Since it was started.
    package var connectionsAccepted: Int { ledger.connectionsAccepted }
    /// At this moment.
    package var connectionsOpen: Int { ledger.connectionsOpen }

    /// Waits until so many requests have arrived whole, and gives them.
    package func requests(atLeast count: Int) async throws -> [UpstreamRequest] {
        try await eventually("\(count) whole requests at the upstream") {
            let whole = self.requests.filter(\.isComplete)
            return whole.count >= count ? whole : nil
        }
    }

    /// Waits until a request fits, such as one whose first octets of body are there.
    package func request(
        _ awaited: String, where fits: @Sendable (UpstreamRequest) -> Bool
    ) async throws -> UpstreamRequest {
        try await eventually("a request at the upstream: \(awaited)") { self.requests.first(where: fits) }
    }
}
