/// Slows down guessing of passwords, whatever is guessed: many passwords of one account, or one password of many
/// accounts.
///
/// Three counts: of an account from one address, of one address, and of an account from everywhere. The last one could
/// lock users out of their own accounts; so a browser in which the account has logged in before is not subject to it,
/// and has a count of its own (`KnownBrowser`). An attempt is counted before the password is looked at, so that many at
/// once are many. In memory, bounded (`AttemptLimiter`), and begun anew with the process.
struct LoginAttemptLimiter: Sendable {
    /// Whence an attempt comes.
    struct Attempt: Sendable {
        var name: String
        var address: String
        /// Of a browser that is known for this name.
        var knownBrowser: String?
    }

    private let pair = AttemptLimiter()
    private let address = AttemptLimiter(burst: 50, secondsEach: 2)
    private let account = AttemptLimiter(burst: 100, secondsEach: 30)
    private let known = AttemptLimiter()

    /// Whether the attempt may be looked at; then it is counted as failed, until it is `forgive`n.
    func allows(_ attempt: Attempt, now: Int64) -> Bool {
        guard address.allows(clientID: "", address: attempt.address, now: now),
            pair.allows(clientID: attempt.name, address: attempt.address, now: now)
        else { return false }
        if let browser = attempt.knownBrowser {
            guard known.allows(clientID: attempt.name, address: browser, now: now) else { return false }
            known.failed(clientID: attempt.name, address: browser, now: now)
        } else {
            guard account.allows(clientID: attempt.name, address: "", now: now) else { return false }
            account.failed(clientID: attempt.name, address: "", now: now)
        }
        pair.failed(clientID: attempt.name, address: attempt.address, now: now)
        address.failed(clientID: "", address: attempt.address, now: now)
        return true
    }

    /// It was the right password. What was counted of the address and the account before stays: who has one account
    /// must not be able to wipe out what was counted while guessing at others.
    func forgive(_ attempt: Attempt) {
        pair.succeeded(clientID: attempt.name, address: attempt.address)
        address.takeBack(clientID: "", address: attempt.address)
        if let browser = attempt.knownBrowser {
            known.succeeded(clientID: attempt.name, address: browser)
        } else {
            account.takeBack(clientID: attempt.name, address: "")
        }
    }
}
