import ArgumentParser
import Foundation
import Gateway
import OperatorTools
import Policy

struct GrantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grant",
        abstract: "List and revoke what users have agreed to.",
        discussion: "Works on the store that routes.yaml names under authorization_server, also while gateways run.",
        subcommands: [GrantListCommand.self, GrantRevokeCommand.self])
}

struct GrantListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the grants that have not ended.", discussion: listExitStatus)

    @Option(help: "Only of this client.")
    var client: String?

    @Option(help: "Only of this user: the name, or the sub as portcullis user list shows it.")
    var subject: String?

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let grants = try await GrantRegistry(settings).list(client: client, subject: subject)
            if grants.isEmpty { print("There are no grants.") }
            for grant in grants.items {
                let end = Date(timeIntervalSince1970: Double(grant.expiresAt)).formatted(.iso8601)
                print(
                    "\(grant.id)  client \(grant.clientID)  subject \(grant.subject)  until \(end)  \(grant.scopes.joined(separator: " "))"
                )
            }
            try grants.reportDamage()
        } catch let code as ExitCode {
            throw code
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct GrantRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "End a grant, with every token that came from it.")

    @Argument(help: "The grant's id, as portcullis grant list shows it.")
    var id: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        let isRevoked: Bool
        do {
            isRevoked = try await GrantRegistry(settings, audit: audit).revoke(id: id)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard isRevoked else { throw CommandFailure("there is no grant \"\(id)\"") }
        print("\(id): revoked")
    }
}
