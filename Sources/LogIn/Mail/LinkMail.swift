package import AuthorizationRecords
package import Octets
package import Policy
import Texts

/// The message with a link that an operator has made.
package enum LinkMail {
    /// In the language of `login.default_language`: nobody has asked in another one.
    /// - Parameters:
    ///   - purpose: `invitation` or `reset`.
    ///   - url: with the secret in it.
    package static func message(
        _ purpose: AccountLink.Purpose, to: MailAddress, user: StoredUser, url: String,
        _ settings: AuthorizationServerSettings
    ) -> UserMail {
        let presentation = Presentation(
            language: settings.logIn.pages.languages.choice(uiLocales: nil, acceptLanguage: []),
            brand: settings.logIn.pages.brand)
        let isInvitation = purpose == .invitation
        let lifetimes = settings.logIn.links
        let lifetime = isInvitation ? lifetimes.invitation : lifetimes.reset
        let values = [
            "host": presentation.sender(host: settings.issuer.authority), "user": user.greeting,
            "minutes": "\(lifetime.components.seconds / 60)",
        ]
        let paragraphs =
            [MailText.hello, isInvitation ? .invitation : .reset].map { presentation.text($0, values) } + [url]
            + (isInvitation ? [] : [presentation.text(MailText.resetEnd, values)])
        return UserMail(
            kind: purpose.rawValue, to: to,
            subject: presentation.text(isInvitation ? MailText.invitationSubject : .resetSubject, values),
            text: paragraphs.joined(separator: "\n\n") + "\n")
    }
}
