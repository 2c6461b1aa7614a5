import JSON
import Testing

@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

@Suite("Attack: guessing the user codes of waiting devices")
struct UserCodeGuessingTests {
    private let harness: AuthorizationHarness
    private let verification: DeviceVerification

    init() async throws {
        harness = try AuthorizationHarness()
        verification = DeviceVerification(store: harness.store)
        try await harness.register("tv", grants: [.deviceCode]) { _ in }
    }

    private func code() async throws -> String {
        let answer = await harness.send("/oauth2/device_authorization", "", as: ("tv", "s3cret"))
        return try #require(answer.body["user_code"]?.string)
    }

    private func guess(_ code: String, from address: String, as user: String? = nil, now: Int64 = newYear2026) async
        -> DeviceVerification.Lookup
    {
        await verification.find(code, address: address, userID: user, now: now)
    }

    @Test("AS-086 after ten wrong codes from one address even the right one has to wait")
    func address() async throws {
        let right = try await code()
        for _ in 0..<10 { #expect(await guess("BBBB-BBBB", from: "192.0.2.1") == .unknown) }
        #expect(await guess(right, from: "192.0.2.1") == .tooMany)
        guard case .found = await guess(right, from: "192.0.2.2") else {
            Issue.record("somebody else has to wait too")
            return
        }
        guard case .found = await guess(right, from: "192.0.2.1", as: "ada") else {
            Issue.record("who is logged in waits for what others behind the address do")
            return
        }
        guard case .found = await guess(right, from: "192.0.2.1", now: newYear2026 + 6) else {
            Issue.record("six seconds later one more may be tried")
            return
        }
    }

    @Test("AS-086 whoever changes addresses is counted by the account")
    func account() async throws {
        let right = try await code()
        for number in 0..<10 { #expect(await guess("BBBB-BBBB", from: "192.0.2.\(number)", as: "mallory") == .unknown) }
        #expect(await guess(right, from: "192.0.2.200", as: "mallory") == .tooMany)
    }

    @Test("AS-086 a right guess in between does not wipe out the wrong ones")
    func reset() async throws {
        let right = try await code()
        for _ in 0..<9 { _ = await guess("BBBB-BBBB", from: "192.0.2.1") }
        _ = await guess(right, from: "192.0.2.1")
        _ = await guess("BBBB-BBBB", from: "192.0.2.1")
        #expect(await guess(right, from: "192.0.2.1") == .tooMany)
    }

    @Test("a code that was answered leads nowhere")
    func once() async throws {
        let right = try await code()
        guard case .found(let request) = await guess(right, from: "192.0.2.1") else {
            Issue.record("not found")
            return
        }
        #expect(try await verification.deny(request, now: newYear2026))
        #expect(await guess(right, from: "192.0.2.1") == .unknown)
    }
}
