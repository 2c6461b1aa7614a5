import AuthorizationRecords
import Octets

/// How much mail anybody can cause whom nobody knows: to one address, and from one address.
struct MailRates: Sendable {
    private let recipients: AttemptLimiter
    private let senders: AttemptLimiter

    init(perRecipientHour: Int, perSenderHour: Int) {
        func limiter(_ count: Int) -> AttemptLimiter {
            AttemptLimiter(burst: Int64(count), secondsEach: max(1, 3_600 / Int64(count)))
        }
        recipients = limiter(perRecipientHour)
        senders = limiter(perSenderHour)
    }

    /// Counts one more, whether there is such an account or not; false: it is too much.
    /// - Parameter recipient: an address, or the name of an account, in lower case.
    func allows(_ recipient: String, from sender: String, now: Int64) -> Bool {
        let block = AddressBlock(of: sender).text
        guard senders.allows(clientID: "", address: block, now: now) else { return false }
        senders.failed(clientID: "", address: block, now: now)
        guard recipients.allows(clientID: recipient, address: "", now: now) else { return false }
        recipients.failed(clientID: recipient, address: "", now: now)
        return true
    }
}
