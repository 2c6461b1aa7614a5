import AuthorizationRecords
import JSON
import LogIn

/// The device grant (RFC 8628 §3.4, §3.5): a device asks whether its user has answered yet, and gets its tokens once.
struct DeviceCodeGrant: TokenGrant {
    /// Of changes that meet others.
    private static let attemptsMax = 8

    let type = GrantType.deviceCode
    let usesProof = true
    let store: any AuthorizationStore
    let tokens: GrantTokens
    let refresh: RefreshTokens
    let room: GrantRoom

    func tokens(for request: TokenRequest) async throws(OAuthError) -> TokenAnswer {
        guard let code = request.parameters.value("device_code") else { throw .missingDeviceCode }
        var isProofUsed = false
        for _ in 0..<Self.attemptsMax {
            if let answer = try await attempt(code, request, &isProofUsed) { return answer }
        }
        throw .unavailable
    }

    /// nil: somebody else changed something meanwhile: the account, or the device, by redeeming its code.
    private func attempt(_ code: String, _ request: TokenRequest, _ isProofUsed: inout Bool) async throws(OAuthError)
        -> TokenAnswer?
    {
        let record = try await store.orUnavailable {
            try await $0.record(.deviceCode, RandomText.deviceCode.key(of: code))
        }
        // Another client's is as unknown as any other (§3.4).
        guard let device = record.flatMap(DeviceRequest.init), device.clientID == request.client.client.id else {
            throw .unknownDeviceCode
        }
        if case .used = device.state { throw .unknownDeviceCode }
        guard request.now < device.endsAt else { throw .expiredDeviceCode }
        switch device.state {
        case .pending: throw try await wait(device, now: request.now)
        case .denied: throw .deviceDenied
        case .approved(let approval): return try await redeem(device, approval, request, &isProofUsed)
        case .used: throw .unknownDeviceCode
        }
    }

    /// What a device hears that asks before its user has answered. That it asked is kept, and how long it has to wait
    /// from now on: so the interval holds whichever node it asks, and after a restart.
    private func wait(_ device: DeviceRequest, now: Int64) async throws(OAuthError) -> OAuthError {
        var asked = device
        let isTooSoon = device.askedAt.map { now &- $0 < device.intervalSeconds } ?? false
        if isTooSoon {
            asked.intervalSeconds = min(
                device.intervalSeconds &+ DeviceRequest.slowDownSeconds, DeviceRequest.lifetimeSeconds)
        }
        asked.askedAt = now
        let change = StoreChange.replace(asked.record)
        // Somebody wrote meanwhile: the user, and the device hears of it next time; or the device itself, which then
        // asks twice at once.
        guard try await store.orUnavailable({ try await $0.commit([change], now: now) }) else { return .slowDown }
        return isTooSoon ? .slowDown : .authorizationPending
    }

    /// Once, however many ask at the same time.
    private func redeem(
        _ device: DeviceRequest, _ approval: DeviceRequest.Approval, _ request: TokenRequest, _ isProofUsed: inout Bool
    ) async throws(OAuthError) -> TokenAnswer? {
        let client = request.client.client
        let user = try await store.orUnavailable { try await $0.record(.user, approval.userID) }
        guard let user = user.flatMap(StoredUser.init), !user.isDisabled else { throw .deviceDenied }
        guard client.mayStillHave(approval.scopes) else { throw .invalidScope }
        if !isProofUsed { try await request.useProof() }
        isProofUsed = true
        let mayRefresh = client.grants.contains(.refreshToken)
        var grant = Grant(
            id: RandomText.grantID.make(request.random), clientID: client.id, subject: approval.userID,
            scopes: approval.scopes,
            resources: device.resources, createdAt: request.now,
            expiresAt: request.now &+ (mayRefresh ? RefreshRules.absoluteSeconds : RefreshRules.withoutRefreshSeconds))
        grant.authentication = approval.authentication
        // RFC 9449 §5, RFC 8705 §4: nothing else keeps a public client's refresh tokens from whoever finds them.
        grant.binding = client.isPublic ? request.binding : nil
        var answer = try tokens.answer(for: grant, scopes: grant.scopes, user: user, request: request)
        var changes = try await room.insertion(of: grant, now: request.now)
        if mayRefresh {
            let first = refresh.first(for: grant, now: request.now, random: request.random)
            changes.append(.insert(first.token.record))
            answer.refreshToken = first.text
        }
        var used = device
        used.state = .used(grantID: grant.id)
        let all = [.replace(used.record), user.unchanged] + changes
        return try await store.orUnavailable({ try await $0.commit(all, now: request.now) }) ? answer : nil
    }
}

extension OAuthError {
    static let missingDeviceCode = OAuthError("invalid_request", "device_code is missing")
    static let unknownDeviceCode = OAuthError(
        "invalid_grant", "the device code is unknown, used, or another client's", event: "device_code_rejected")
    // RFC 8628 §3.5
    static let authorizationPending = OAuthError(
        "authorization_pending", "nobody has answered yet; ask again after the interval")
    static let slowDown = OAuthError("slow_down", "too soon; the interval is five seconds longer from now on")
    static let deviceDenied = OAuthError("access_denied", "the request was turned down")
    static let expiredDeviceCode = OAuthError("expired_token", "the device code is over; begin anew")

    static var deviceGrant: [OAuthError] {
        [missingDeviceCode, unknownDeviceCode, authorizationPending, slowDown, deviceDenied, expiredDeviceCode]
    }
}
