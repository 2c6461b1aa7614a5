import Administration
import AuthorizationRecords
import Foundation
import Gateway
import LogIn
import Octets
import Policy
import Storage

extension UserRegistry {
    /// A link as the command line shows it, this once.
    package struct Link: Sendable {
        /// With the secret in it.
        package let url: String
        /// Seconds since 1970.
        package let expiresAt: Int64
        /// The account was made for it.
        package let isNewUser: Bool
        /// It sets the first password.
        package let isInvitation: Bool
        /// Where it was sent; nil: nowhere.
        package let sentTo: String?
    }

    /// A link by which a user sets the first password; the account is made where there is none of this name.
    /// - Parameters:
    ///   - email: of a new account.
    ///   - displayName: of a new account.
    ///   - byMail: the link is sent to the account's address, which it shows to be the user's.
    package func invite(name: String, email: String?, displayName: String?, byMail: Bool) async throws -> Link {
        try checkMail(byMail)
        var id = try await id(of: name)
        let isNew = id == nil
        if !isNew, email != nil || displayName != nil {
            throw ManagementError.conflict(
                "there is a user \"\(name)\" already; invite without an e-mail address and a display name to make another link"
            )
        }
        if isNew {
            if byMail { _ = try Self.address(email) }
            id = try await recorded.make { administration in
                let done = try await administration.addUser(
                    name: name, .byLink, email: email, displayName: displayName, now: Self.now, random: .system)
                return (done.change, done.value.id)
            }
        }
        guard let id, let link = try await link(id, .invitation, isNew: isNew, byMail: byMail) else {
            throw ManagementError.notFound
        }
        return link
    }

    /// A link by which a user sets another password; who was invited and has none yet is invited again. nil: there is no such
    /// user.
    package func resetLink(name: String, byMail: Bool) async throws -> Link? {
        try checkMail(byMail)
        guard let id = try await id(of: name), let user = try await recorded.database.store.user(id: id) else {
            return nil
        }
        let purpose: AccountLink.Purpose = user.passwordHash == nil && user.identity == nil ? .invitation : .reset
        return try await link(id, purpose, isNew: false, byMail: byMail)
    }

    private func link(_ id: String, _ purpose: AccountLink.Purpose, isNew: Bool, byMail: Bool) async throws -> Link? {
        let to = byMail ? try Self.address(try await recorded.database.store.user(id: id)?.email) : nil
        let made = try await recorded.make { administration in
            let done = try await administration.addLink(
                id, purpose, sentTo: to?.text, now: Self.now, random: .system)
            return (done.change, done.value)
        }
        guard let made else { return nil }
        if let to, let mail = settings.mail {
            do {
                try await MailSending.deliver(
                    LinkMail.message(purpose, to: to, user: made.user, url: made.url, settings), mail,
                    host: settings.issuer.host, now: Self.now)
            } catch {
                throw ManagementError.refused(
                    "the link was made, but \(mail.host):\(mail.port) \(error); hand it over yourself: \(made.url)")
            }
        }
        return Link(
            url: made.url, expiresAt: made.expiresAt, isNewUser: isNew, isInvitation: purpose == .invitation,
            sentTo: to?.text)
    }

    private func checkMail(_ byMail: Bool) throws {
        if byMail, settings.mail == nil {
            throw ManagementError.refused("the policy names no server for mail (mail of authorization_server)")
        }
    }

    private static func address(_ email: String?) throws -> MailAddress {
        guard let address = email.flatMap(MailAddress.init) else {
            throw ManagementError.refused("the account has no e-mail address to which mail can be sent")
        }
        return address
    }
}
