import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

/// What both commands share: the store, and how a link is shown.
struct UserLinkArguments: ParsableArguments {
    @Argument(help: "The user's name, as it is typed to log in.")
    var name: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    @Flag(
        help:
            "Send the link to the account's e-mail address, through the server of \"mail\" in the policy; it is not printed then."
    )
    var mail = false

    @Flag(help: "Print the link and its end as JSON.")
    var json = false

    func show(_ link: UserRegistry.Link, _ done: String) {
        let end = Date(timeIntervalSince1970: Double(link.expiresAt)).formatted(.iso8601)
        if json {
            print(
                String(
                    decoding: JSON.object([
                        "name": .string(name), "expires_at": .integer(link.expiresAt),
                        link.sentTo == nil ? "url" : "sent_to": .string(link.sentTo ?? link.url),
                    ]).serialized(), as: UTF8.self))
        } else if let address = link.sentTo {
            print("\(name): \(done); the link was sent to \(address.shownOnTerminal), serves once and ends at \(end)")
        } else {
            print("\(name): \(done); hand over this link, which serves once and ends at \(end):\n\(link.url)")
        }
    }

    func registry(creating: Bool = false) async throws -> UserRegistry {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        return try await UserRegistry(settings, creating: creating, audit: audit)
    }

    static let handling = """
        The link is shown this once; the store has only its digest. It serves once, and ends with its time (login.links), \
        with another link, and with a new password, a disabling or a removal of the account. Whoever opens it first sets the \
        password: hand it over on a way that only the user can read.
        """
}

struct UserInviteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "invite",
        abstract: "Make an account and a link by which its user sets the first password.",
        discussion: """
              portcullis user invite alice --email alice@example.com

            For an account that was invited before and has no password yet it makes another link. \(UserLinkArguments.handling)
            """)

    @OptionGroup var arguments: UserLinkArguments

    @Option(help: "The e-mail address of a new account.")
    var email: String?

    @Option(help: "The name as users write it, of a new account.")
    var displayName: String?

    func run() async throws {
        do {
            let link = try await arguments.registry(creating: true).invite(
                name: arguments.name, email: email, displayName: displayName, byMail: arguments.mail)
            arguments.show(link, link.isNewUser ? "added and invited" : "invited")
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct UserResetLinkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset-link",
        abstract: "Make a link by which a user sets another password.",
        discussion: """
              portcullis user reset-link alice

            The password of before counts until the link is used; then everything ends that ends with a new password. To end \
            it at once, give a new password yourself: portcullis user password. For who was invited and has no password yet it is \
            another invitation. \(UserLinkArguments.handling)
            """)

    @OptionGroup var arguments: UserLinkArguments

    func run() async throws {
        let link: UserRegistry.Link?
        do {
            link = try await arguments.registry().resetLink(name: arguments.name, byMail: arguments.mail)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let link else { throw CommandFailure("there is no user \"\(arguments.name)\"") }
        arguments.show(
            link, link.isInvitation ? "has no password yet, and is invited again" : "may set another password")
    }
}
