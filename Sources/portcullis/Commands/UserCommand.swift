import ArgumentParser
import Foundation
import Gateway
import OperatorTools
import Policy

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Add, list, change, disable and remove users of the built-in authorization server.",
        discussion:
            "Works on the store that routes.yaml names under authorization_server, also while the gateway runs.",
        subcommands: [
            UserAddCommand.self, UserListCommand.self, UserImportCommand.self, UserPasswordCommand.self,
            UserDisableCommand.self,
            UserEnableCommand.self, UserSetCommand.self, UserShowCommand.self,
            UserRemoveCommand.self, UserFactorsCommand.self, UserRemoveFactorCommand.self,
            UserInviteCommand.self, UserResetLinkCommand.self,
        ])
}

/// What every command about one account needs.
struct UserArguments: ParsableArguments {
    @Argument(help: "The user's name, as it is typed to log in.")
    var name: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    /// Does something to the account, and says what was done and what ended with it.
    func change(_ done: String, _ change: (UserRegistry) async throws -> UserRegistry.Ended?) async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        let ended: UserRegistry.Ended?
        do {
            ended = try await change(UserRegistry(settings, audit: audit))
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let ended else { throw CommandFailure("there is no user \"\(name)\"") }
        print("\(name): \(done)\(ended.counts.isEmpty ? "" : "; ended: \(ended.counts.joined(separator: ", "))")")
    }

    /// What a new password, a disabling and a removal end.
    static let endings = """
        Ends the user's sessions in browsers, requests that are under way in them, authorization codes that have not been \
        redeemed, devices that were let in and have not fetched their tokens, and grants with their refresh tokens and \
        access tokens; browsers on which the user had logged in are no longer known. The command prints how many of each \
        there were, and returns when no gateway goes on with any of them.
        """
}

struct KeepGrants: ParsableArguments {
    @Flag(
        name: .customLong("keep-grants"),
        help: "Grants stay, and with them what applications hold; everything else ends.")
    var keepsGrants = false
}

struct UserAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make an account.",
        discussion: """
            The password is read from the terminal, or from standard input when that is none; never from an argument, which \
            others on the machine could see.

              portcullis user add alice --display-name "Alice A."

            Who logs in at the provider that routes.yaml names has no password here; whoever may get in without an account \
            (sign_up) need not be added.

              portcullis user add alice --provider-subject 24400320
            """)

    @OptionGroup var arguments: UserArguments

    @Option(help: "The e-mail address, for applications that may see it.")
    var email: String?

    @Flag(
        name: .customLong("email-verified"),
        help: "The address is known to be the user's: applications are told so (email_verified).")
    var emailVerified = false

    @Option(help: "The name as users write it.")
    var displayName: String?

    @Option(
        help: "Logs in at the provider of login.provider, whose ID tokens say this in \"sub\"; without a password here."
    )
    var providerSubject: String?

    @Option(
        name: .customLong("attribute"),
        help: "An attribute for claims of tokens, as NAME=VALUE; repeat for more names, and more values.")
    var attributes: [String] = []

    func validate() throws { try AttributeOption.check(attributes) }

    func run() async throws {
        let (settings, audit, policy) = try PolicySettings.managedPolicy(of: arguments.policy)
        do {
            let registry = try await UserRegistry(settings, creating: true, audit: audit)
            let user: UserRegistry.User
            if let providerSubject {
                guard let provider = settings.logIn.provider,
                    let issuer = policy.issuers.first(where: { $0.name == provider.issuer })
                else {
                    throw CommandFailure(
                        "\(arguments.policy) names no provider at which users log in (login of authorization_server)")
                }
                user = try await registry.add(
                    name: arguments.name, issuer: issuer.identifier, subject: providerSubject, email: email,
                    isEmailVerified: emailVerified, displayName: displayName,
                    attributes: AttributeOption.parsed(attributes))
            } else {
                user = try await registry.add(
                    name: arguments.name, password: try PasswordPrompt.newPassword(), email: email,
                    isEmailVerified: emailVerified, displayName: displayName,
                    attributes: AttributeOption.parsed(attributes))
            }
            print("\(user.name): added, sub \(user.id)")
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the accounts, in the order of their names.", discussion: listDiscussion)

    @OptionGroup var options: ListOptions

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let users = try await UserRegistry(settings).list(after: options.after, most: options.limit)
            if users.isEmpty, !options.json, options.after == nil {
                print("There are no users. Add one: portcullis user add NAME")
            }
            try options.show(users, "user list") {
                $0.document
            } line: { user in
                let created = Date(timeIntervalSince1970: Double(user.createdAt)).formatted(.iso8601)
                let names = [user.displayName, user.email].compactMap { $0?.shownOnTerminal }.joined(separator: ", ")
                let place = user.provider.map { "  at \($0)" } ?? ""
                let groups = user.groups.isEmpty ? "" : "  in \(user.groups.joined(separator: " "))"
                return
                    "\(user.name)  \(user.id)  \(created)\(place)\(groups)\(user.isDisabled ? "  disabled" : "")\(names.isEmpty ? "" : "  (\(names))")"
            }
        } catch let code as ExitCode {
            throw code
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct UserPasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Give a new password: whoever is logged in with the old one has to log in again.",
        discussion: """
            \(UserArguments.endings)

            With --keep-grants, applications go on with the refresh tokens and access tokens that they have: for a password \
            that was forgotten, not for one that somebody else may have used.
            """)

    @OptionGroup var arguments: UserArguments
    @OptionGroup var keep: KeepGrants

    func run() async throws {
        let password = try PasswordPrompt.newPassword()
        try await arguments.change("new password") {
            try await $0.setPassword(password, name: arguments.name, keepsGrants: keep.keepsGrants)
        }
    }
}

struct UserDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Keep somebody out, and end what was granted to applications on their behalf.",
        discussion: """
            \(UserArguments.endings)

            With --keep-grants, access tokens end, and refresh tokens count again once the user is enabled: the user need \
            not agree to anything again.
            """)

    @OptionGroup var arguments: UserArguments
    @OptionGroup var keep: KeepGrants

    func run() async throws {
        try await arguments.change("disabled") {
            try await $0.setDisabled(true, name: arguments.name, keepsGrants: keep.keepsGrants)
        }
    }
}

struct UserEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enable", abstract: "Let somebody in again.")

    @OptionGroup var arguments: UserArguments

    func run() async throws {
        try await arguments.change("enabled") { try await $0.setDisabled(false, name: arguments.name) }
    }
}

struct UserRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove an account with all that belongs to it.",
        discussion: """
            \(UserArguments.endings)

            Nothing can be kept: without the account no grant counts.
            """)

    @OptionGroup var arguments: UserArguments

    func run() async throws {
        try await arguments.change("removed") { try await $0.remove(name: arguments.name) }
    }
}
