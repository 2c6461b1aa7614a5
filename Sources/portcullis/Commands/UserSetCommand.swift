import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

struct UserSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change an account: what it is called, what it may be granted, its groups.",
        discussion: """
            What is not named stays as it is. A scope is granted to an application if the application and the user may have it.

              portcullis user set alice --group clerks --group night-shift
              portcullis user set alice --may orders:read --may orders:write
              portcullis user set root --may admin:read --may admin:write
              portcullis user set alice --display-name "Alice A." --email alice@example.com
              portcullis user set alice --attribute department=sales --attribute region=eu --attribute region=us

            --may stands in place of what everybody may (users_may in routes.yaml); groups add to it. --group names all groups \
            that the user is in by an operator's hand; those that follow from a provider's claims come on top.

            --attribute notes something that tokens can say of the user ("claims" in routes.yaml); a name that is repeated has \
            several values. Attributes that are not named stay.

            Whoever may less than before, or of whom tokens say something that is no longer so, loses access tokens at once; refresh tokens lead to new ones, which allow no more \
            than the user may. The command returns when that is in force everywhere.
            """)

    @OptionGroup var arguments: UserArguments

    @Option(help: "The name as users write it; an empty text removes it.")
    var displayName: String?

    @Option(help: "The e-mail address; an empty text removes it.")
    var email: String?

    @Option(help: "A scope that the user may be granted, in place of what everybody may; repeat for more.")
    var may: [String] = []

    @Flag(name: .customLong("may-nothing"), help: "The user may be granted what its groups may, and nothing else.")
    var mayNothing = false

    @Flag(
        name: .customLong("may-default"),
        help: "The user may be granted what everybody may, besides its groups' scopes.")
    var mayDefault = false

    @Option(name: .customLong("group"), help: "A group of routes.yaml that the user is in; repeat for all.")
    var groups: [String] = []

    @Flag(name: .customLong("no-groups"), help: "The user is in no group by an operator's hand.")
    var noGroups = false

    @Option(
        name: .customLong("attribute"), help: "An attribute, as NAME=VALUE; repeat for more names, and more values.")
    var attributes: [String] = []

    @Option(name: .customLong("no-attribute"), help: "An attribute that goes; repeat for more.")
    var goneAttributes: [String] = []

    @Flag(name: .customLong("no-attributes"), help: "All attributes go, but those that are named.")
    var noAttributes = false

    @Flag(help: "Print the account as JSON.")
    var json = false

    func validate() throws {
        guard [!may.isEmpty, mayNothing, mayDefault].filter({ $0 }).count <= 1 else {
            throw ValidationError("--may, --may-nothing and --may-default exclude each other")
        }
        guard !noGroups || groups.isEmpty else { throw ValidationError("--no-groups excludes --group") }
        try AttributeOption.check(attributes)
    }

    func run() async throws {
        var change = UserRegistry.Profile()
        change.displayName = displayName.map { .some($0) }
        change.email = email.map { .some($0) }
        let scopes = may.flatMap { $0.split(separator: " ").map(String.init) }
        if !scopes.isEmpty { change.may = .some(scopes) }
        if mayNothing { change.may = .some([]) }
        if mayDefault { change.may = .some(nil) }
        if !groups.isEmpty || noGroups { change.groups = groups }
        for name in goneAttributes { change.attributes[name] = .some(nil) }
        for (name, values) in AttributeOption.parsed(attributes) { change.attributes[name] = values }
        change.dropsAttributes = noAttributes
        guard !change.isEmpty else {
            throw CommandFailure("nothing to set; portcullis user set --help says what there is")
        }
        let (settings, audit, policy) = try PolicySettings.managedPolicy(of: arguments.policy)
        for scope in scopes {
            if let objection = UserRegistry.objection(to: scope, by: policy) {
                StandardError.write("warning: \(objection)\n")
            }
        }
        let document: JSONObject?
        do {
            let registry = try await UserRegistry(settings, audit: audit)
            document = try await registry.set(change, name: arguments.name)
            if let octets = try await registry.tooLongClaims(name: arguments.name) {
                StandardError.write(
                    "warning: what tokens would say of the user (\"claims\" in routes.yaml) takes \(octets) octets; a token that would have more than \(UserClaimRule.bytesMax) of them is refused\n"
                )
            }
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let document else { throw CommandFailure("there is no user \"\(arguments.name)\"") }
        if json {
            print(String(decoding: JSON.object(document).serialized(), as: UTF8.self))
        } else {
            print("\(arguments.name): set")
        }
    }
}

struct UserShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print all that is known of an account as JSON, without its password's hash.",
        discussion: """
            "may_be_granted" is what the user may be granted by today's policy, of the scopes that routes and groups name; \
            "member_of" all groups that it is in now, those that follow from the provider's claims among them; "claims" all \
            that tokens can say of the user besides ("claims" in routes.yaml).
            """)

    @OptionGroup var arguments: UserArguments

    func run() async throws {
        let (settings, _, policy) = try PolicySettings.managedPolicy(of: arguments.policy)
        let document: JSONObject?
        do {
            document = try await UserRegistry(settings).show(name: arguments.name, by: policy)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard let document else { throw CommandFailure("there is no user \"\(arguments.name)\"") }
        print(String(decoding: JSON.object(document).serialized(pretty: true), as: UTF8.self))
    }
}

/// `--attribute NAME=VALUE`.
enum AttributeOption {
    static func check(_ options: [String]) throws {
        for option in options where !option.contains("=") {
            throw ValidationError("--attribute \(option): write NAME=VALUE, as in --attribute department=sales")
        }
    }

    /// A name that is repeated has several values.
    static func parsed(_ options: [String]) -> [String: [String]] {
        var attributes: [String: [String]] = [:]
        for option in options {
            let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            attributes[parts[0], default: []].append(parts.count > 1 ? parts[1] : "")
        }
        return attributes
    }
}
