import AuthorizationRecords
import LogIn
import Policy
import Synchronization

/// Registration by anybody, without an initial access token (`registration.open`): what keeps strangers from filling the
/// store. A client that no user has agreed to ends soon; how many there are is bounded in all, and how fast one address
/// registers them.
///
/// Several gateways count on their own, so together they may have a few clients more than the bound.
final class OpenRegistration: Sendable {
    /// Registrations at once from one address, and seconds for each further one: there are agents that register anew
    /// each time they start, and offices behind one address.
    static let burst: Int64 = 50
    static let secondsEach: Int64 = 60
    /// After a client has obtained tokens for a user, in seconds: a day longer than refresh tokens last without being used.
    static let usedSeconds: Int64 = RefreshRules.idleSeconds + 86_400
    /// What clients may do that nobody has vouched for: act for users who agree each time.
    static let grants: Set<GrantType> = [.authorizationCode, .refreshToken]
    /// Octets of what a client says of itself.
    static let octetsMax = 16_384
    /// Seconds for which the number of clients is taken to be right but for what this gateway adds.
    private static let countSeconds: Int64 = 30

    /// What a client comes by, counted apart: a page in somebody's browser can name addresses of documents, but not
    /// register.
    enum Way: String { case registration, document }

    private let clientsMax: Int
    let unusedSeconds: Int64
    private let limiter = AttemptLimiter(burst: OpenRegistration.burst, secondsEach: OpenRegistration.secondsEach)
    private let state = Mutex(Count())

    private struct Count {
        /// Of those in the store at `readAt`, and those admitted since.
        var clients = 0
        var readAt: Int64?
        var isReading = false
        /// Admitted, and neither stored nor given back yet: a read may not see them.
        var unsettled = 0
        var unsettledBefore = 0
        /// While it is being read, which may not see them.
        var admittedMeanwhile = 0
    }

    init(_ settings: RegistrationSettings.Open) {
        clientsMax = settings.clientsMax
        unusedSeconds = settings.unusedLifetime.components.seconds
    }

    /// Makes room for one more client, or says why there is none.
    func admit(_ way: Way, address: String, _ store: any AuthorizationStore, now: Int64) async throws(OAuthError) {
        let address = AddressBlock(of: address).text
        guard limiter.allows(clientID: way.rawValue, address: address, now: now) else { throw .tooManyRegistrations }
        try await count(store, now: now)
        // In one step, so that many at once are many.
        let refusal: OAuthError? = state.withLock { state in
            guard limiter.allows(clientID: way.rawValue, address: address, now: now) else {
                return .tooManyRegistrations
            }
            // Also when there is no room: asking again and again costs the address.
            limiter.failed(clientID: way.rawValue, address: address, now: now)
            guard state.clients < clientsMax else { return .registrationFull }
            state.clients += 1
            state.unsettled += 1
            if state.isReading { state.admittedMeanwhile += 1 }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// There is no client after all. How often the address tried stays counted.
    func giveBack() {
        state.withLock { state in
            state.clients -= 1
            state.unsettled -= 1
        }
    }

    /// The client is stored. One of both follows every admission.
    func settled() { state.withLock { $0.unsettled -= 1 } }

    /// Reads how many there are when that is not known, or was read a while ago: one request at a time, the others go by
    /// what was known before.
    private func count(_ store: any AuthorizationStore, now: Int64) async throws(OAuthError) {
        let isDue = state.withLock { state in
            guard !state.isReading, state.readAt.map({ now - $0 >= Self.countSeconds || now < $0 }) ?? true else {
                return false
            }
            state.isReading = true
            state.admittedMeanwhile = 0
            state.unsettledBefore = state.unsettled
            return true
        }
        guard isDue else {
            // Nothing is known yet, and somebody else is finding out.
            guard state.withLock({ $0.readAt != nil }) else { throw .unavailable }
            return
        }
        let found = try? await store.clients().values.count { $0.openUntil.map { $0 > now } ?? false }
        state.withLock { state in
            state.isReading = false
            guard let found else { return }
            state.clients = found + state.unsettledBefore + state.admittedMeanwhile
            state.readAt = now
        }
        if found == nil { throw .unavailable }
    }
}

/// What the policy says today of clients that registered themselves, whatever it said when they did: whoever closes
/// registration closes it for those that are there, too.
struct OpenClientTerms: Sendable {
    let registration: RegistrationSettings?

    /// The client as it may be used now; nil: not at all.
    func inForce(_ client: RegisteredClient) -> RegisteredClient? {
        guard client.openUntil != nil else { return client }
        guard let registration, let open = registration.open, client.documentReadAt == nil || open.documents else {
            return nil
        }
        var client = client
        client.scopes = registration.scopes
        client.grants.formIntersection(OpenRegistration.grants)
        // Nobody has vouched for it, so users are asked (RFC 8252 §8.6).
        client.isFirstParty = false
        return client
    }
}

extension RegisteredClient {
    /// To be written when it has obtained tokens for a user: now it lasts as long as those can; nil: nothing changes.
    func kept(now: Int64) -> RegisteredClient? {
        let until = now + OpenRegistration.usedSeconds
        guard let openUntil, until - openUntil >= 86_400 else { return nil }
        var kept = self
        kept.openUntil = until
        return kept
    }
}

extension OAuthError {
    static let tooManyRegistrations = OAuthError(
        "temporarily_unavailable", "this address has registered many clients; wait before the next", status: 429,
        retryAfterSeconds: Int(OpenRegistration.secondsEach), event: "registration_braked")
    static let registrationTooLarge = OAuthError(
        "invalid_client_metadata", "the metadata has more than 16384 octets")
    static let registrationFull = OAuthError(
        "temporarily_unavailable", "as many clients have registered as this server takes", status: 503,
        retryAfterSeconds: 3_600, event: "registration_full")
}
