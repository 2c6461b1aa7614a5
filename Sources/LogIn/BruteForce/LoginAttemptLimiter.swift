/// Slows down guessing of passwords, whatever is guessed: many passwords of one account, or one password of many
/// accounts.
///
/// Three counts: of an account from one address, of one address, and of an account from everywhere. They could lock users
/// out of their own accounts, by what others do from elsewhere or behind the same address; so a browser in which the
/// account has logged in before is subject to none of them, and has a count of its own (`KnownBrowser`). Failures are
/// counted; but an attempt is one until it is known to be none, so that many at once are many. In memory, bounded
/// (`AttemptLimiter`), and begun anew with the process.
struct LoginAttemptLimiter: Sendable {
    /// Whence an attempt comes.
    struct Attempt: Sendable {
        var name: String
        /// Of IPv6 the /64 (`AddressBlock`).
        var address: String
        /// Of a browser that is known for this name.
        var knownBrowser: String?
    }

    private let pair = AttemptLimiter()
    private let address = AttemptLimiter(burst: 50, secondsEach: 2)
    private let account = AttemptLimiter(burst: 100, secondsEach: 30)
    private let known = AttemptLimiter()

    /// Whether the attempt may be looked at; then it is counted as failed, until it is `forgive`n or taken back.
    func allows(_ attempt: Attempt, now: Int64) -> Bool {
        if let browser = attempt.knownBrowser {
            guard known.allows(clientID: attempt.name, address: browser, now: now) else { return false }
            known.failed(clientID: attempt.name, address: browser, now: now)
            return true
        }
        guard address.allows(clientID: "", address: attempt.address, now: now),
            pair.allows(clientID: attempt.name, address: attempt.address, now: now),
            account.allows(clientID: attempt.name, address: "", now: now)
        else { return false }
        account.failed(clientID: attempt.name, address: "", now: now)
        pair.failed(clientID: attempt.name, address: attempt.address, now: now)
        address.failed(clientID: "", address: attempt.address, now: now)
        return true
    }

    /// It was the right password. What was counted of the address and the account before stays: who has one account
    /// must not be able to wipe out what was counted while guessing at others.
    func forgive(_ attempt: Attempt) {
        if let browser = attempt.knownBrowser {
            known.succeeded(clientID: attempt.name, address: browser)
            return
        }
        pair.succeeded(clientID: attempt.name, address: attempt.address)
        address.takeBack(clientID: "", address: attempt.address)
        account.takeBack(clientID: attempt.name, address: "")
    }

    /// Nobody could look at the password, so it was no failure.
    func takeBack(_ attempt: Attempt) {
        if let browser = attempt.knownBrowser {
            known.takeBack(clientID: attempt.name, address: browser)
            return
        }
        pair.takeBack(clientID: attempt.name, address: attempt.address)
        address.takeBack(clientID: "", address: attempt.address)
        account.takeBack(clientID: attempt.name, address: "")
    }
}
