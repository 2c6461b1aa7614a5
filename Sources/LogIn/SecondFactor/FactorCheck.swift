import Authenticators
import AuthorizationRecords
import Policy

/// Whether what somebody shows besides the password is the user's; it changes nothing itself.
struct FactorCheck: Sendable {
    let terms: FactorTerms
    let challenges: PasskeyChallenge
    let limiter = FactorAttemptLimiter()

    /// Something was shown that is right.
    struct Passed: Sendable {
        /// That it was used: counts, times, codes. Whoever commits it is the only one who used it.
        var changes: [StoreChange]
        var method: StoredFactor.Method
        /// `amr` (RFC 8176).
        var methods: [String]
        var level: AuthenticationLevel
        /// Recovery codes that are left.
        var codesLeft: Int?
    }

    enum Fault: Error, Equatable {
        case wrongCode
        case tooManyAttempts
        case passkey(PasskeyFault)
        /// It is sealed by another `key_encryption_key`.
        case unreadable
        /// Of a page that has expired.
        case expired
    }

    /// RFC 8176 §2: possession of a key, a test that somebody is there, and more than one factor. Whether the key lies in
    /// hardware nobody knows without attestation.
    static let passkeyMethods = ["pop", "user", "mfa"]

    // MARK: Passkeys

    /// What a page sends, read; it says which passkey it is.
    func answer(_ text: String) throws(Fault) -> PasskeyAssertion {
        do throws(PasskeyFault) { return try PasskeyAssertion(text) } catch { throw .passkey(error) }
    }

    /// - Parameters:
    ///   - factor: that is stored under the name that the answer says; nil: there is none, or not of this user.
    ///   - challenge: as the page had it.
    ///   - verifiesUser: it is the only thing that is shown, and says itself whose it is.
    func passkey(
        _ answer: PasskeyAssertion, _ factor: StoredFactor?, challenge: String?, _ interaction: Interaction,
        verifiesUser: Bool, now: Int64
    ) throws(Fault) -> Passed {
        guard let party = terms.party, let challenge,
            challenges.isGood(challenge, PasskeyChallenge.purpose(interaction), now: now)
        else { throw .expired }
        guard var factor, case .passkey(var passkey) = factor.content, let key = PasskeyKey(jwk: passkey.publicKey),
            answer.userHandle.map({ $0 == Array(factor.userID.utf8) }) ?? !verifiesUser
        else { throw .passkey(.unknownCredential) }
        let use: PasskeyUse
        do throws(PasskeyFault) {
            use = try party.judge(
                answer,
                of: KnownPasskey(
                    credentialID: passkey.credentialID, key: key, signatureCount: passkey.signatureCount,
                    isBackupEligible: passkey.isBackupEligible),
                challenge: challenge, verifiesUser: verifiesUser)
        } catch {
            throw .passkey(error)
        }
        passkey.signatureCount = use.signatureCount
        passkey.isBackedUp = use.isBackedUp
        factor.content = .passkey(passkey)
        factor.lastUsedAt = now
        return Passed(
            changes: [.replace(factor.record)], method: .passkey, methods: Self.passkeyMethods,
            level: .phishingResistant)
    }

    // MARK: Codes

    /// A code of an authenticator app, or a recovery code. Guessing is slowed down for the account, whatever is guessed;
    /// passkeys are not concerned by it, and neither is a browser that is known.
    func code(
        _ typed: String, _ factors: UserFactors, of user: StoredUser, knownBrowser: String?, now: Int64,
        _ random: Randomness
    ) throws(Fault) -> Passed {
        guard limiter.allows(user.id, knownBrowser: knownBrowser, now: now) else { throw .tooManyAttempts }
        let passed =
            if let passed = try appCode(typed, factors, now: now, random) { passed } else {
                recoveryCode(typed, factors, now: now)
            }
        guard let passed else { throw .wrongCode }
        limiter.forgive(user.id, knownBrowser: knownBrowser)
        return passed
    }

    private func appCode(_ typed: String, _ factors: UserFactors, now: Int64, _ random: Randomness) throws(Fault)
        -> Passed?
    {
        guard var factor = factors.totp, case .totp(var stored) = factor.content else { return nil }
        do throws(KeySealError) {
            let secret = try stored.secret(of: factor.userID, seal: terms.seal)
            guard let step = TimeBasedCode.step(of: typed, secret: secret, after: stored.lastStep, now: now) else {
                return nil
            }
            if stored.isPlain, terms.seal != nil {
                stored = try StoredCodeSecret(
                    secret, of: factor.userID, lastStep: step, seal: terms.seal, random: random)
            }
            stored.lastStep = step
        } catch {
            // A recovery code may yet be right.
            guard factors.recoveryCodes != nil, RecoveryCode.normalised(typed) != nil else { throw .unreadable }
            return nil
        }
        factor.content = .totp(stored)
        factor.lastUsedAt = now
        return Passed(
            changes: [.replace(factor.record)], method: .totp, methods: ["otp", "mfa"], level: .multiFactor)
    }

    private func recoveryCode(_ typed: String, _ factors: UserFactors, now: Int64) -> Passed? {
        guard var factor = factors.recoveryCodes, case .recoveryCodes(var digests) = factor.content,
            let code = RecoveryCode.normalised(typed),
            let index = digests.firstIndex(of: RecoveryCode.digest(of: code))
        else { return nil }
        digests.remove(at: index)
        factor.content = .recoveryCodes(digests)
        factor.lastUsedAt = now
        return Passed(
            changes: [.replace(factor.record)], method: .recoveryCodes, methods: ["otp", "mfa"], level: .multiFactor,
            codesLeft: digests.count)
    }
}

/// Slows down guessing of codes: five failures in a row for one account, then one more each minute; at that rate a code of
/// six digits, of which three count, is found in some months. A browser in which the account has logged in before has a
/// count of its own, so that nobody who has only the password can keep its user out.
struct FactorAttemptLimiter: Sendable {
    private let account = AttemptLimiter(burst: 5, secondsEach: 60)
    private let known = AttemptLimiter(burst: 5, secondsEach: 60)

    /// Whether a code may be looked at; then it is counted as wrong, until it is `forgive`n.
    func allows(_ userID: String, knownBrowser: String?, now: Int64) -> Bool {
        let (limiter, address) = knownBrowser.map { (known, $0) } ?? (account, "")
        guard limiter.allows(clientID: userID, address: address, now: now) else { return false }
        limiter.failed(clientID: userID, address: address, now: now)
        return true
    }

    /// It was right.
    func forgive(_ userID: String, knownBrowser: String?) {
        let (limiter, address) = knownBrowser.map { (known, $0) } ?? (account, "")
        limiter.succeeded(clientID: userID, address: address)
    }
}
