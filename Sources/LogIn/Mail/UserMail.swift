package import Octets

/// A message to a user.
package struct UserMail: Sendable, Equatable {
    /// What it is for; one word, in records and logs.
    package let kind: String
    /// The one recipient.
    package let to: MailAddress
    /// On one line.
    package let subject: String
    /// Lines end with a line feed.
    package let text: String

    package init(kind: String, to: MailAddress, subject: String, text: String) {
        self.kind = kind
        self.to = to
        self.subject = subject
        self.text = text
    }
}

/// Looks for the account, makes the link, and says what is to be sent. The time comes in seconds since 1970.
package typealias MailWork = @Sendable (_ now: Int64) async throws -> [UserMail]

/// Sends mail after the answer: the page that asked for it says the same, and takes as long, whether there is an account
/// or not.
package protocol MailQueue: Sendable {
    /// Takes up work for later: it looks for the account, makes the link, and says what is to be sent.
    /// False: too much waits.
    func later(_ work: @escaping MailWork) -> Bool
}
