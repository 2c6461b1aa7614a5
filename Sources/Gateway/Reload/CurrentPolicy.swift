import Admission
import DataPlane
import Policy
import Synchronization
import Transport

/// A policy that is in force: the snapshot by which the event loops decide, and the parts of the control plane that
/// follow from the same policy.
struct PolicyInForce: Sendable {
    var snapshot: Snapshot
    /// What tokens may be asked for.
    let resources: ProtectedResources
    /// In the order of `policy.issuers`; nil: that issuer's keys are not fetched.
    let keyFetchers: [IssuerKeyFetcher?]
    /// In the order of `policy.issuers`; nil: that issuer is not asked about tokens.
    let introspection: [IntrospectionClients.Place?]
    /// Of all files that the policy names.
    let certificates: CertificateTimes

    var policy: Policy { snapshot.policy }
}

/// The policy in force and the event loops that go by it: the one place where another one takes its place.
///
/// Made before there is either, so that whatever needs to know the policy later can be given it.
final class CurrentPolicy: Sendable {
    private struct State {
        var inForce: PolicyInForce
        let transport: Transport<GatewayLoop>
        let authorization: EmbeddedAuthorizationServer?
    }
    private let state = Mutex<State?>(nil)

    /// nil: the gateway is starting.
    var inForce: PolicyInForce? { state.withLock { $0?.inForce } }

    /// The first policy is in force.
    /// - Parameter transport: its loops have the policy's snapshot already.
    func begin(
        _ first: PolicyInForce, on transport: Transport<GatewayLoop>, _ authorization: EmbeddedAuthorizationServer?
    ) {
        state.withLock { $0 = State(inForce: first, transport: transport, authorization: authorization) }
    }

    /// The gateway has ended. Without this, the policy and what it leads to would hold each other for ever.
    func end() { state.withLock { $0 = nil } }

    /// Brings a new policy into force: on one event loop after the other, and from there on for everybody who asks.
    func replace(with new: PolicyInForce) async throws {
        try await onEachLoop { $0.swap(to: new.snapshot) }
        state.withLock { $0?.inForce = new }
    }

    /// Hands the keys as they are now to every event loop, without a reload.
    /// - Parameter issuer: the name of the one whose keys changed; nil: it may concern any of them.
    func publishKeys(of issuer: String?) async {
        let snapshot: Snapshot? = state.withLock { state in
            guard let old = state?.inForce.snapshot else { return nil }
            let new = old.withCurrentKeys(embedded: state?.authorization?.issuerKeys)
            state?.inForce.snapshot = new
            return new
        }
        guard let snapshot else { return }
        // Fails only when the loops have ended.
        try? await onEachLoop { $0.adoptKeys(of: snapshot, issuer: issuer) }
    }

    /// Hands revocations to every event loop.
    func publish(_ revocations: RevocationSet) async { try? await onEachLoop { $0.adopt(revocations) } }

    /// What all event loops have counted together, and how they are.
    func loopFigures() async -> LoopFigures {
        let sum = Mutex(LoopFigures())
        // Fails only when the loops have ended.
        try? await state.withLock { $0?.transport }?.onEachLoop { _, loop in
            let own = loop.figures
            sum.withLock { $0.add(own) }
        }
        return sum.withLock { $0 }
    }

    private func onEachLoop(_ work: @escaping @Sendable (GatewayLoop) -> Void) async throws {
        try await state.withLock { $0?.transport }?.onEachLoop { _, loop in work(loop) }
    }
}
