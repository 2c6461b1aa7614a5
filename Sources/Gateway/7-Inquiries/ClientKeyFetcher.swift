import AuthorizationServer
import HTTP
import Issuers
import JOSE
import Logging
import Outgoing
import Policy
import Synchronization
import Transport

/// Fetches the keys of clients that have registered where they are (RFC 7591 §2 `jwks_uri`): when such a client comes,
/// and never otherwise.
///
/// Whoever knows the name of a client can cause a fetch, long before anybody has shown who they are. So the table of
/// rings bounds how many go out, in all, to one host and to one address; nobody waits longer than a second; and what
/// fails is a warning, not an alarm: a client's server is not the operator's.
final class ClientKeyFetcher: ClientKeySource {
    struct Bounds: Sendable {
        var table = KeyRingTableBounds()
        /// Requests that wait at a time. Each holds a few KB.
        var waitingMax = 1_024
        /// For a fetch to come to its end, or to begin. A fetch goes on when nobody waits any longer.
        var waitMax: Duration = .seconds(1)
        /// For the whole of a fetch. A server that is slower than the waiting can still help the next request.
        var fetchMax: Duration = .seconds(5)
    }

    /// Between two looks for a fetch that others have left room for.
    private static let busyPause: Duration = .milliseconds(50)

    private let bounds: Bounds
    private let http: OutgoingHTTP
    private let logger: Logger
    private let state: Mutex<State>

    private struct State {
        var table: KeyRingTable
        /// Who waits, by address and number.
        var waiting: [AbsoluteURL: [Int: CheckedContinuation<Void, Never>]] = [:]
        var waitingCount = 0
        var waitingNumber = 0
        /// What the transport said of the last failure at an address whose fetch is under way, for the log.
        var details: [AbsoluteURL: String] = [:]
    }

    init(_ way: OutgoingWay, bounds: Bounds = Bounds(), logger: Logger) {
        self.bounds = bounds
        self.logger = logger
        var settings = way.outgoing(isOwnPlace: true)
        settings.timeout = bounds.fetchMax
        settings.bodyBytesMax = JWKSet.bytesMax
        http = OutgoingHTTP(settings)
        state = Mutex(State(table: KeyRingTable(bounds: bounds.table)))
    }

    func keys(at text: String, missed: Bool) async -> ClientKeySet? {
        guard let url = AbsoluteURL(text), url.isHTTPS else { return nil }
        let since = Clock.monotonicNanoseconds()
        let deadline = ContinuousClock.now + bounds.waitMax
        while true {
            switch ask(url, missed: missed) {
            case .keys(let keys, let standing): return ClientKeySet(keys, standing)
            case .unavailable: return nil
            case .pending: await settled(url, before: deadline)
            case .busy where ContinuousClock.now < deadline:
                try? await Task.sleep(for: Self.busyPause)
                continue
            case .busy: break
            }
            let now = Clock.monotonicNanoseconds()
            let answer = state.withLock { $0.table.answer(url, since: since, now: now) }
            guard case .keys(let keys, let standing) = answer else { return nil }
            return ClientKeySet(keys, standing)
        }
    }

    private func ask(_ url: AbsoluteURL, missed: Bool) -> KeyRingTable.Answer {
        let (answer, commands) = state.withLock { state in
            state.table.asked(url, missed: missed, now: Clock.monotonicNanoseconds(), random: Self.random())
        }
        perform(commands)
        return answer
    }

    // MARK: Waiting

    /// Returns when the fetch that is under way has come to its end, and at the deadline at the latest.
    private func settled(_ url: AbsoluteURL, before deadline: ContinuousClock.Instant) async {
        await withCheckedContinuation { continuation in
            let number: Int? = state.withLock { state in
                // It may have ended in between.
                guard state.table.isFetching(url), state.waitingCount < bounds.waitingMax else { return nil }
                state.waitingNumber += 1
                state.waitingCount += 1
                state.waiting[url, default: [:]][state.waitingNumber] = continuation
                return state.waitingNumber
            }
            guard let number else { return continuation.resume() }
            Task {
                try? await Task.sleep(until: deadline, clock: .continuous)
                let continuation = self.state.withLock { state in
                    let continuation = state.waiting[url]?.removeValue(forKey: number)
                    if continuation != nil { state.waitingCount -= 1 }
                    if state.waiting[url]?.isEmpty == true { state.waiting[url] = nil }
                    return continuation
                }
                continuation?.resume()
            }
        }
    }

    private func settle(_ url: AbsoluteURL) {
        let waiting = state.withLock { state in
            let waiting = state.waiting.removeValue(forKey: url) ?? [:]
            state.waitingCount -= waiting.count
            return waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    // MARK: Fetching

    private func perform(_ commands: [KeyRingTable.Command]) {
        for command in commands {
            switch command {
            case .fetch(let fetch):
                Task {
                    let result = await self.fetch(fetch.url)
                    self.perform(
                        self.state.withLock {
                            $0.table.finished(
                                fetch.number, result, now: Clock.monotonicNanoseconds(), random: Self.random())
                        })
                    self.state.withLock { $0.details[fetch.url] = nil }
                }
            case .settled(let url): settle(url)
            case .note(let url, let note): log(note, url)
            }
        }
    }

    private func fetch(_ url: AbsoluteURL) async -> Result<Fetched, KeyFetchFailure> {
        do throws(OutgoingHTTP.Failure) {
            let answer = try await http.get(
                url, fields: [("Accept", "application/jwk-set+json, application/json"), ("User-Agent", "portcullis")])
            state.withLock { $0.details[url] = "it answered \(answer.status)" }
            return .success(
                Fetched(
                    status: answer.status, contentType: answer.value("content-type"),
                    cacheControl: answer.value("cache-control"),
                    age: answer.value("age"), body: answer.body))
        } catch {
            state.withLock { $0.details[url] = error.description }
            return .failure(KeyFetchFailure(error.reason))
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
            metadata["failure"] = "\(failure.rawValue)"
            metadata["detail"] = "\(state.withLock { $0.details[url] } ?? "")"
            metadata["keys_in_force"] = "\(keysInForce)"
            logger.warning("keys of a client cannot be fetched", metadata: metadata)
        case .recovered(let failures):
            metadata["failures"] = "\(failures)"
            logger.notice("keys of a client can be fetched again", metadata: metadata)
        case .withdrawn(let failure):
            metadata["failure"] = "\(failure.rawValue)"
            logger.warning("no keys of a client in force: it is answered with 503", metadata: metadata)
        }
    }

    private static func random() -> UInt64 { .random(in: .min ... .max) }
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
