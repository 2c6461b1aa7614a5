import ArgumentParser
import Foundation
import JSON
import OperatorTools

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over clients and users of another authorization server.",
        discussion: """
            Passwords stay as they are hashed, and are hashed anew when their users log in. What has no place here is said for \
            each entry. Clients and users that are there already are left as they are, so an import can be repeated. Try it \
            first with --dry-run.

              portcullis import keycloak realm-export.json --dry-run
            """,
        subcommands: [ImportKeycloakCommand.self, ImportHydraCommand.self])
}

/// What every import needs.
struct ImportArguments: ParsableArguments {
    @Argument(help: "The file; - for standard input.")
    var file: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    @Flag(name: .customLong("dry-run"), help: "Check everything and write nothing.")
    var dryRun = false

    @Flag(help: "One JSON object for each entry.")
    var json = false

    static let exitStatus = "Exit status: 0 when nothing was refused, 1 otherwise, also when some entries were added."

    func run(withGroups: Bool = false, _ read: ([UInt8]) throws -> [ImportEntry]) async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        var refused = 0
        do {
            let entries = try read(try ImportFile.read(file))
            let run = try await ImportRun(settings, audit: audit, isDry: dryRun, withGroups: withGroups)
            var counts: [String: Int] = [:]
            var done = 0
            try await run.run(entries) { outcome in
                counts[outcome.result.rawValue, default: 0] += 1
                show(outcome)
                done += 1
                if done % 1_000 == 0 { StandardError.write("\(done) of \(entries.count)\n") }
            }
            refused = counts[ImportRun.Outcome.Result.refused.rawValue] ?? 0
            let summary = ["added", "there already", "left out", "refused"].map { "\(counts[$0] ?? 0) \($0)" }
            if !json {
                print((dryRun ? "Nothing was written; it would be: " : "") + summary.joined(separator: ", "))
            }
        } catch {
            throw CommandFailure("\(error)")
        }
        if refused > 0 { throw ExitCode.failure }
    }

    private func show(_ outcome: ImportRun.Outcome) {
        if json {
            var object: JSONObject = ["entry": .string(outcome.name), "result": .string(outcome.result.rawValue)]
            object["reason"] = outcome.reason.map { .string($0) }
            if !outcome.notes.isEmpty { object["not_carried_over"] = .array(outcome.notes.map { .string($0) }) }
            object["client_secret"] = outcome.secret.map { .string($0) }
            print(String(decoding: JSON.object(object).serialized(), as: UTF8.self))
            return
        }
        let reason = outcome.reason.map { outcome.result == .added ? " (\($0))" : ": \($0)" } ?? ""
        print("\(outcome.name): \(outcome.result.rawValue)\(reason)".shownOnTerminal)
        for note in outcome.notes { print("  not carried over: \(note)".shownOnTerminal) }
        if let secret = outcome.secret { print("  client_secret: \(secret)") }
    }
}

struct ImportKeycloakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keycloak",
        abstract: "An export of a realm of Keycloak.",
        discussion: """
            The file that kc.sh export --realm NAME --users same_file writes, or one of users alone. Carried over are clients of \
            OpenID Connect with their secrets, and users with the hashes of their passwords (PBKDF2 with SHA-256 and SHA-512, \
            argon2id).

            \(ImportArguments.exitStatus)
            """)
    @OptionGroup var arguments: ImportArguments

    @Flag(help: "Put users into the groups of routes.yaml that are called as their groups or realm roles are.")
    var groups = false

    func run() async throws { try await arguments.run(withGroups: groups, KeycloakImport.entries) }
}

struct ImportHydraCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hydra",
        abstract: "Clients of Ory Hydra.",
        discussion: """
            What hydra list clients --format json prints. Hydra tells nobody the secrets of clients: each gets a new one, which is \
            printed now and never again.

            \(ImportArguments.exitStatus)
            """)
    @OptionGroup var arguments: ImportArguments
    func run() async throws { try await arguments.run(HydraImport.entries) }
}

struct UserImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Add many users from a file, with the hashes of their passwords.",
        discussion: """
            One JSON object a line, with name, and perhaps email, email_verified, display_name, disabled and password_hash: \
            bcrypt ($2b$…), argon2id, scrypt or PBKDF2 (SHA-256, SHA-512) in the PHC string format, or PBKDF2 as Django and passlib \
            write it.

              {"name": "alice", "email": "alice@example.com", "password_hash": "$2b$12$…"}

            \(ImportArguments.exitStatus)
            """)
    @OptionGroup var arguments: ImportArguments
    func run() async throws { try await arguments.run(LinesImport.users) }
}

struct ClientImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Register many clients from a file.",
        discussion: """
            One JSON object a line: client metadata (RFC 7591) with client_id, and perhaps client_secret (16 octets at least; a new one \
            is made and printed otherwise) and first_party.

              {"client_id": "shop", "redirect_uris": ["https://shop.example/cb"], "client_secret": "…"}

            \(ImportArguments.exitStatus)
            """)
    @OptionGroup var arguments: ImportArguments
    func run() async throws { try await arguments.run(LinesImport.clients) }
}
