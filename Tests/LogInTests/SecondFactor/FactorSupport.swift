import Foundation
import HTTP
import JOSE
import JSON
import Octets
import Policy
import Testing

@testable import Administration
@testable import Authenticators
@testable import AuthorizationRecords
@testable import AuthorizationTesting
@testable import LogIn

/// A log-in with what is shown besides the password.
struct Factors: Sendable {
    static let secret = Array("12345678901234567890".utf8)
    static let factorPath = "/oauth2/login/factor"
    static let listPath = "/oauth2/account/factors"
    let harness: LogInHarness

    init(
        _ mode: SecondFactorSettings.Mode = .optional, missing: SecondFactorSettings.Missing = .setUp,
        users: UserRules = UserRules(), mail: RememberedMail? = nil, racing race: RacingStore? = nil
    ) async throws {
        var settings = LogInSettings()
        settings.secondFactor.mode = mode
        settings.secondFactor.missing = missing
        harness = try await LogInHarness(logIn: settings, users: users, mail: mail, racing: race)
    }

    var user: StoredUser { get async throws { try #require(try await harness.store.user(id: harness.user.id)) } }
    var there: UserFactors { get async throws { try await harness.store.factors(of: harness.user.id) } }

    /// As an earlier visit to the page left it behind.
    func addApp() async throws {
        let stored = try StoredCodeSecret(
            Self.secret, of: harness.user.id, lastStep: nil, seal: nil, random: harness.random)
        try await insert(.totp(stored))
    }

    func addCodes() async throws -> [String] {
        let codes = RecoveryCode.generate(harness.random)
        try await insert(.recoveryCodes(codes.map(RecoveryCode.digest)))
        return codes
    }

    func addPasskey(_ id: [UInt8] = Array(1...32), of user: StoredUser? = nil) async throws -> SoftwareAuthenticator {
        let owner = user ?? harness.user
        let authenticator = try SoftwareAuthenticator(
            origin: AuthorizationHarness.issuer, credentialID: id, userHandle: owner.id)
        let key = try #require(PasskeyKey(jwk: authenticator.key.publicJWK))
        try await insert(
            .passkey(
                StoredPasskey(
                    credentialID: id, publicKey: key.jwk, signatureCount: 0, isBackupEligible: false,
                    isBackedUp: false, transports: [])), of: owner)
        return authenticator
    }

    private func insert(_ content: StoredFactor.Content, of owner: StoredUser? = nil) async throws {
        let factor = StoredFactor(of: (owner ?? harness.user).id, content, label: "", createdAt: newYear2026)
        #expect(try await harness.store.commit([.insert(factor.record)], now: newYear2026))
    }

    func code(_ now: Int64 = newYear2026) -> String { TimeBasedCode.code(step: now / 30, secret: Self.secret) }

    /// The page that asks for the second factor, after name and password.
    func afterPassword(_ browser: Browser, request: JSONObject = [:], now: Int64 = newYear2026) async throws
        -> AuthorizationTesting.Shown
    {
        let id = try await harness.interaction(for: browser, request: request, now: now)
        return await afterPassword(browser, interaction: id, now: now)
    }

    func afterPassword(_ browser: Browser, interaction id: String, now: Int64 = newYear2026) async
        -> AuthorizationTesting.Shown
    {
        let form = await browser.get("/oauth2/login", "interaction=\(id)", now: now)
        let sent = await browser.send(
            form, ["username": "alice", "password": LogInHarness.password, "passkey": ""], now: now)
        #expect(sent.status == 303 && sent.location == Self.factorPath + "?interaction=\(id)")
        #expect(browser[SessionReader.cookieName] == nil)
        return await browser.follow(sent, now: now)
    }

    func session(_ browser: Browser) async throws -> UserSession? {
        guard let secret = browser[SessionReader.cookieName] else { return nil }
        return try await harness.store.record(.session, RandomText.session.key(of: secret)).flatMap(UserSession.init)
    }
}

extension Browser {
    func follow(_ shown: AuthorizationTesting.Shown, now: Int64 = newYear2026) async -> AuthorizationTesting.Shown {
        let parts = (shown.location ?? "").split(separator: "?", maxSplits: 1).map(String.init)
        return await get(parts.first ?? "", parts.count > 1 ? parts[1] : nil, now: now)
    }
}

extension AuthorizationTesting.Shown {
    /// Of the first form with a passkey.
    var challenge: String {
        text.firstMatch(of: /data-challenge="([^"]*)"/).map { String($0.1) } ?? ""
    }

    /// `input` of the session that its answer sets.
    var setsSession: Bool { all("set-cookie").contains { $0.hasPrefix(SessionReader.cookieName + "=") } }
}
