import Octets
import Policy
import Synchronization

@testable import LogIn

/// Takes mail and sends it nowhere. What pages ask for is done when the test says so: after the answer.
final class RememberedMail: MailQueue {
    typealias Work = @Sendable (Int64) async throws -> [UserMail]
    private let waiting = Mutex<[Work]>([])
    let settings: MailSettings

    init(perRecipient: Int = 4, perAddress: Int = 20) throws {
        guard let from = MailAddress("accounts@login.example") else { throw HarnessError() }
        var settings = MailSettings(host: "mail.example", port: 587, security: .startTLS, from: from)
        settings.perRecipientHourMax = perRecipient
        settings.perAddressHourMax = perAddress
        self.settings = settings
    }

    func later(_ work: @escaping Work) -> Bool {
        waiting.withLock { $0.append(work) }
        return true
    }

    var waitingCount: Int { waiting.withLock { $0.count } }

    /// What is sent now.
    func sent(now: Int64) async throws -> [UserMail] {
        let work = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        var mails: [UserMail] = []
        for one in work { mails += try await one(now) }
        return mails
    }
}

extension UserMail {
    /// The link in it, as path and query; nil: there is none.
    var link: (path: String, query: String)? {
        guard let found = text.firstMatch(of: /https:\/\/[^\/\s]+(\/[^?\s]*)\?(\S+)/) else { return nil }
        return (String(found.1), String(found.2))
    }
}
