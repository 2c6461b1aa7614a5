package import AuthorizationRecords
import JSON

/// Where a user answers a device (RFC 8628 §3.3): looks it up by its user code, and lets it in or not. The page shows
/// what is asked for and by whom, and asks for a confirmation, whether the code was typed or came in the URI (§3.3.1,
/// §5.4).
package struct DeviceVerification: Sendable {
    private let store: any AuthorizationStore
    private let limiter = AttemptLimiter()

    package init(store: any AuthorizationStore) { self.store = store }

    /// What came of looking up a code.
    package enum Lookup: Sendable, Equatable {
        /// It waits for an answer.
        case found(DeviceRequest)
        /// Wrong, over, or answered already: the user is told the same.
        case unknown
        /// Too many wrong ones (§5.1): ten in a row, then one every six seconds.
        case tooMany
        /// The store cannot be read now.
        case unavailable
    }

    /// - Parameters:
    ///   - typed: as the user typed it.
    ///   - address: of the browser: wrong codes are counted by it (IPv6: by the /64), and by the user.
    ///   - userID: of whoever is logged in, who is not kept waiting by what others behind the same address do; nil: nobody.
    package func find(_ typed: String, address: String, userID: String?, now: Int64) async -> Lookup {
        let address = AddressBlock(of: address).text
        let isAllowed =
            userID.map { limiter.allows(clientID: $0, address: Self.anywhere, now: now) }
            ?? limiter.allows(clientID: Self.anybody, address: address, now: now)
        guard isAllowed else { return .tooMany }
        let request: DeviceRequest?
        do {
            request = try await pending(typed, now: now)
        } catch {
            return .unavailable
        }
        guard let request else {
            limiter.failed(clientID: Self.anybody, address: address, now: now)
            if let userID { limiter.failed(clientID: userID, address: Self.anywhere, now: now) }
            return .unknown
        }
        return .found(request)
    }

    // Neither is a user's id, nor an address.
    private static let anybody = "user_code:"
    private static let anywhere = "user_code:"

    private func pending(_ typed: String, now: Int64) async throws -> DeviceRequest? {
        guard let code = UserCode.normalised(typed),
            let pointer = try await store.record(.userCode, UserCode.key(of: code)),
            let key = pointer.body["device"]?.string,
            let request = try await store.record(.deviceCode, key).flatMap(DeviceRequest.init),
            request.state == .pending, now < request.endsAt
        else { return nil }
        return request
    }

    /// Lets the device in. False: it is over, was answered by somebody else meanwhile, or more was let in than was
    /// asked for.
    /// - Parameter condition: what must be true for it besides.
    package func approve(
        _ request: DeviceRequest, _ approval: DeviceRequest.Approval, if condition: [StoreChange] = [], now: Int64
    ) async throws -> Bool {
        guard approval.scopes.allSatisfy(request.scopes.contains) else { return false }
        return try await answer(
            request, .approved(approval), if: condition, then: [UserShare.afterApproval(approval.userID)], now: now)
    }

    /// Turns the device away. False: it is over, or was answered by somebody else meanwhile.
    package func deny(_ request: DeviceRequest, now: Int64) async throws -> Bool {
        try await answer(request, .denied, now: now)
    }

    /// A user code serves once (§5.1). The device may ask in between, which is no answer: it is looked at again.
    private func answer(
        _ request: DeviceRequest, _ state: DeviceRequest.State, if condition: [StoreChange] = [],
        then more: [StoreChange] = [], now: Int64
    ) async throws -> Bool {
        for _ in 0..<8 {
            guard var current = try await store.record(.deviceCode, request.key).flatMap(DeviceRequest.init),
                current.state == .pending,
                now < current.endsAt
            else { return false }
            current.state = state
            if try await store.commit(
                condition + [.replace(current.record), .remove(.userCode, key: current.userCodeKey)] + more, now: now)
            {
                return true
            }
        }
        return false
    }
}
