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
    /// Seconds for which the number of clients is taken to be right but for what this gateway adds.
    private static let countSeconds: Int64 = 30

    private let clientsMax: Int
    let unusedSeconds: Int64
    private let limiter = AttemptLimiter(burst: OpenRegistration.burst, secondsEach: OpenRegistration.secondsEach)
    private let counted = Mutex<(count: Int, at: Int64)>((0, .min))

    init(_ settings: RegistrationSettings.Open) {
        clientsMax = settings.clientsMax
        unusedSeconds = settings.unusedLifetime.components.seconds
    }

    /// Makes room for one more client, or says why there is none.
    func admit(address: String, _ store: any AuthorizationStore, now: Int64) async throws(OAuthError) {
        let address = AddressBlock(of: address).text
        guard limiter.allows(clientID: "", address: address, now: now) else { throw .tooManyRegistrations }
        if counted.withLock({
            $0.at == .min || now - $0.at >= Self.countSeconds || $0.count >= clientsMax && now > $0.at
        }) {
            let count = try await store.orUnavailable { try await Self.count($0, now: now) }
            counted.withLock { $0 = (count, now) }
        }
        let isAdmitted = counted.withLock { counted in
            guard counted.count < clientsMax else { return false }
            counted.count += 1
            return true
        }
        guard isAdmitted else { throw .registrationFull }
        limiter.failed(clientID: "", address: address, now: now)
    }

    /// There is no client after all. How often the address tried stays counted.
    func giveBack() { counted.withLock { $0.count -= 1 } }

    private static func count(_ store: any AuthorizationStore, now: Int64) async throws -> Int {
        try await store.clients().values.count { $0.openUntil.map { $0 > now } ?? false }
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
    static let registrationFull = OAuthError(
        "temporarily_unavailable", "as many clients have registered as this server takes", status: 503,
        retryAfterSeconds: 3_600, event: "registration_full")
}
