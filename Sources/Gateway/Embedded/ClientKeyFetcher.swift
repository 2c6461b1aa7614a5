import AuthorizationServer
import HTTP
import Issuers
import JOSE
import Logging
import Outgoing
import Policy
import ServiceLifecycle
import Synchronization
import Transport

/// Fetches the keys of clients that have registered where they are (RFC 7591 §2 `jwks_uri`): when such a client comes,
/// and never otherwise.
///
/// Whoever knows the name of a client can cause a fetch, long before anybody has shown who they are. So the table of
/// rings bounds how many go out, in all, to one host and to one address; nobody waits longer than a second; and what
/// fails is a warning, not an alarm: a client's server is not the operator's.
final class ClientKeyFetcher: ClientKeySource, Service {
    struct Bounds: Sendable {
        var table = KeyRingTableBounds()
        /// Requests that wait at a time. Each holds a few KB.
        var waitingMax = 1_024
        /// For a fetch to come to its end, or to begin. A fetch goes on when nobody waits any longer.
        var waitMax: Duration = .seconds(1)
        /// For the whole of a fetch. A server that is slower than the waiting can still help the next request.
        var fetchMax: Duration = .seconds(5)
    }

    /// What is waited for.
    private enum Subject: Hashable {
        case fetch(AbsoluteURL)
        /// For some fetch to end, so that another one can begin.
        case room
    }

    private let bounds: Bounds
    private let fetch: @Sendable (AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem>
    private let logger: Logger
    private let driver: FetchDriver
    private let waiters: Waiters<Subject>
    private let state: Mutex<State>

    private struct State {
        var table: KeyRingTable
        /// What the transport said of the last failure at an address whose fetch is under way, for the log.
        var details: [AbsoluteURL: String] = [:]
    }

    /// - Parameter fetch: nil: over the network, as `way` says.
    init(
        _ way: OutgoingWay, bounds: Bounds = Bounds(), logger: Logger, clock: ControlClock = .system,
        fetch: (@Sendable (AbsoluteURL) async -> Result<OutgoingAnswer, FetchProblem>)? = nil
    ) {
        self.bounds = bounds
        self.logger = logger
        var settings = way.outgoing(isOwnPlace: true)
        settings.timeout = bounds.fetchMax
        settings.bodyBytesMax = JWKSet.bytesMax
        let http = OutgoingHTTP(settings)
        self.fetch = fetch ?? { url in await http.fetchKeys(url) }
        driver = FetchDriver(clock: clock)
        waiters = Waiters(clock: clock, countMax: bounds.waitingMax)
        state = Mutex(State(table: KeyRingTable(bounds: bounds.table)))
    }

    /// Fetches what is asked for, as long as the process runs.
    func run() async throws { await cancelWhenGracefulShutdown { await self.driver.run {} } }

    func keys(at text: String, missed: Bool) async -> ClientKeySet? {
        guard let url = AbsoluteURL(text), url.isHTTPS else { return nil }
        let since = driver.clock.now()
        let deadline = driver.clock.deadline(in: bounds.waitMax)
        while true {
            switch ask(url, missed: missed) {
            case .keys(let keys, let standing): return ClientKeySet(keys, standing)
            case .unavailable: return nil
            case .pending:
                _ = await waiters.wait(for: .fetch(url), until: deadline) {
                    self.state.withLock { $0.table.isFetching(url) }
                }
            case .busy:
                let outcome = await waiters.wait(for: .room, until: deadline) {
                    self.state.withLock { !$0.table.hasRoom(for: url.host) }
                }
                if outcome == .settled { continue }
            }
            let answer = state.withLock { $0.table.answer(url, since: since, now: driver.clock.now()) }
            guard case .keys(let keys, let standing) = answer else { return nil }
            return ClientKeySet(keys, standing)
        }
    }

    private func ask(_ url: AbsoluteURL, missed: Bool) -> KeyRingTable.Answer {
        let (answer, commands) = state.withLock { state in
            state.table.asked(url, missed: missed, now: driver.clock.now(), random: FetchDriver.random())
        }
        perform(commands)
        return answer
    }

    private func perform(_ commands: [KeyRingTable.Command]) {
        for command in commands {
            switch command {
            case .fetch(let fetch):
                driver.tasks.begin {
                    let result = await self.result(of: fetch.url)
                    self.perform(
                        self.state.withLock {
                            $0.table.finished(
                                fetch.number, result, now: self.driver.clock.now(), random: FetchDriver.random())
                        })
                    self.state.withLock { $0.details[fetch.url] = nil }
                    self.waiters.settle(.room)
                }
            case .settled(let url): waiters.settle(.fetch(url))
            case .note(let url, let note): log(note, url)
            }
        }
    }

    private func result(of url: AbsoluteURL) async -> Result<OutgoingAnswer, KeyFetchFailure> {
        switch await fetch(url) {
        case .success(let answer):
            state.withLock { $0.details[url] = "it answered \(answer.status)" }
            return .success(answer)
        case .failure(let problem):
            state.withLock { $0.details[url] = problem.detail }
            return .failure(problem.failure)
        }
    }

    private func log(_ note: KeyRingNote, _ url: AbsoluteURL) {
        var metadata: Logger.Metadata = ["jwks_uri": "\(url)"]
        switch note {
        case .keysChanged(let keys, let skipped):
            metadata["keys"] = "\(keys)"
            metadata["skipped"] = "\(skipped)"
            logger.info("keys of a client fetched", metadata: metadata)
        case .exposed(let keys):
            metadata["keys"] = "\(keys)"
            logger.warning(
                "a client publishes private or symmetric keys; they are refused: tell it to replace them",
                metadata: metadata)
        case .failed(let failure, let keysInForce):
            metadata["failure"] = "\(failure.word)"
            metadata["detail"] = "\(state.withLock { $0.details[url] } ?? "")"
            metadata["keys_in_force"] = "\(keysInForce)"
            logger.warning("keys of a client cannot be fetched", metadata: metadata)
        case .recovered(let failures):
            metadata["failures"] = "\(failures)"
            logger.notice("keys of a client can be fetched again", metadata: metadata)
        case .withdrawn(let failure):
            metadata["failure"] = "\(failure.word)"
            logger.warning("no keys of a client in force: it is answered with 503", metadata: metadata)
        }
    }
}

extension ClientKeySet {
    fileprivate init(_ keys: JWKSet, _ standing: KeyRingTable.Standing) {
        let standing: ClientKeySet.Standing =
            switch standing {
            case .remembered: .remembered
            case .fetched: .fetched
            case .kept: .kept
            }
        self.init(keys, standing)
    }
}
