import ArgumentParser
import Foundation
import JSON
import OperatorTools

struct UserFactorsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "factors",
        abstract: "List what a user shows besides the password: passkeys, an authenticator app, recovery codes.",
        discussion: """
            No secret is shown; nobody can log in with what this prints. The id is what portcullis user remove-factor takes.

              portcullis user factors alice
            """)

    @OptionGroup var arguments: UserArguments

    @Flag(help: "One JSON array, with everything that is known of each.")
    var json = false

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: arguments.policy)
        let found: (list: [UserRegistry.Factor], hasDamaged: Bool)?
        do {
            found = try await UserRegistry(settings).factors(name: arguments.name)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let found else { throw CommandFailure("there is no user \"\(arguments.name)\"") }
        if json {
            let all = JSON.array(found.list.map(\.document)).serialized(pretty: true)
            print(String(decoding: all, as: UTF8.self))
        } else {
            if found.list.isEmpty, !found.hasDamaged { print("\(arguments.name) has no second factor.") }
            for factor in found.list { print(Self.line(factor)) }
        }
        if found.hasDamaged {
            throw CommandFailure(
                "\(arguments.name) has a factor whose record is damaged, and cannot log in with it; portcullis user remove-factor \(arguments.name) --all takes all away"
            )
        }
    }

    private static func line(_ factor: UserRegistry.Factor) -> String {
        func day(_ time: Int64) -> String { Date(timeIntervalSince1970: Double(time)).formatted(.iso8601) }
        var parts = [factor.id, factor.method, "added \(day(factor.createdAt))"]
        parts.append(factor.lastUsedAt.map { "used \(day($0))" } ?? "never used")
        if let left = factor.left { parts.append("\(left) left") }
        if !factor.label.isEmpty { parts.append("(\(factor.label.shownOnTerminal))") }
        return parts.joined(separator: "  ")
    }
}

struct UserRemoveFactorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-factor",
        abstract: "Take a factor of a user away, or all of them: for a telephone that is lost, or in wrong hands.",
        discussion: """
            Without any factor left, the user logs in by password alone again, or sets up a new one at the next log-in where \
            routes.yaml says second_factor: required. Be sure who asks you for it.

            \(UserArguments.endings)

            With --keep-grants, applications go on with the refresh tokens and access tokens that they have.

              portcullis user remove-factor alice --all
            """)

    @OptionGroup var arguments: UserArguments

    @Argument(help: "The factor's id, as portcullis user factors shows it, or its beginning.")
    var id: String?

    @Flag(help: "All factors of the user.")
    var all = false

    @OptionGroup var keep: KeepGrants

    func validate() throws {
        guard all != (id != nil) else {
            throw ValidationError("Name one factor by its id (portcullis user factors NAME), or write --all.")
        }
    }

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: arguments.policy)
        let ended: UserRegistry.Ended?
        do {
            ended = try await UserRegistry(settings, audit: audit).removeFactors(
                name: arguments.name, beginning: id, keepsGrants: keep.keepsGrants)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let ended else {
            throw CommandFailure(
                "there is no user \"\(arguments.name)\" with such a factor; portcullis user factors \(arguments.name) lists them"
            )
        }
        print(
            "\(arguments.name): \(all ? "all factors" : "factor") removed\(ended.counts.isEmpty ? "" : "; ended: \(ended.counts.joined(separator: ", "))")"
        )
    }
}
