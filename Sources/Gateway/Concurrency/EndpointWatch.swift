import Admission
import DataPlane
import Logging
import Policy
import ServiceLifecycle
import Transport

/// Says in the log when an endpoint begins to fail, is ejected, and comes back: one line each, however many requests it
/// concerns. It looks once a second, so that the request path has nothing to do with it.
struct EndpointWatch: Service {
    let current: CurrentPolicy
    let logger: Logger
    let clock: ControlClock

    /// How an endpoint is.
    enum State: Equatable {
        case well, failing, ejected
        /// It fails often enough to be ejected, and is not, since half of its upstream's endpoints are.
        case withheld
    }

    /// What changed for an endpoint.
    struct Change: Equatable {
        let endpoint: String
        let state: State
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var known: [String: State] = [:]
            while !Task.isCancelled {
                look(&known)
                try? await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func look(_ known: inout [String: State]) {
        guard let upstreams = current.inForce?.snapshot.upstreams else { return }
        let now = Clock.monotonicNanoseconds()
        var reasons: [String: String] = [:]
        var states: [(String, State)] = []
        for upstream in upstreams {
            for health in upstream.health {
                let name = "\(upstream.upstream.name) \(health.endpoint)"
                let state: State =
                    if health.isEjected(now: now) {
                        .ejected
                    } else if health.ejectionIsWithheld {
                        .withheld
                    } else {
                        health.failuresInARow > 0 ? .failing : .well
                    }
                states.append((name, state))
                if state != .well { reasons[name] = health.notedFailure }
            }
        }
        for change in Self.changes(states, &known) {
            let metadata: Logger.Metadata = [
                "endpoint": "\(change.endpoint)", "reason": "\(reasons[change.endpoint] ?? "")",
            ]
            switch change.state {
            case .failing: logger.warning("requests to an endpoint fail", metadata: metadata)
            case .ejected: logger.warning("an endpoint is ejected", metadata: metadata)
            case .withheld:
                logger.warning(
                    "an endpoint would be ejected, but never more than half of an upstream's are", metadata: metadata)
            case .well: logger.notice("an endpoint serves again", metadata: ["endpoint": "\(change.endpoint)"])
            }
        }
    }

    /// What is to be said, once: an endpoint whose ejection is over has not served yet, and is no news until it does.
    static func changes(_ states: [(name: String, state: State)], _ known: inout [String: State]) -> [Change] {
        var changes: [Change] = []
        var now: [String: State] = [:]
        for (name, state) in states {
            let before = known[name] ?? .well
            if before == .ejected, state == .failing {
                now[name] = .ejected
                continue
            }
            if state != before { changes.append(Change(endpoint: name, state: state)) }
            now[name] = state
        }
        known = now
        return changes
    }
}
