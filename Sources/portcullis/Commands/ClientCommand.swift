import ArgumentParser
import Foundation
import Gateway
import OperatorTools
import Policy

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Add, show, list, change and remove clients of the built-in authorization server.",
        discussion:
            "Works on the store that routes.yaml names under authorization_server, also while the gateway runs.",
        subcommands: [
            ClientAddCommand.self, ClientImportCommand.self, ClientShowCommand.self, ClientListCommand.self,
            ClientSetCommand.self, ClientSecretCommand.self, ClientRemoveCommand.self,
        ])
}

struct ClientListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the clients, in the order of their ids.", discussion: listDiscussion)

    @OptionGroup var options: ListOptions

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let clients = try await ClientRegistry(settings).list(after: options.after, most: options.limit)
            if clients.isEmpty, !options.json, options.after == nil {
                print("There are no clients. Add one: portcullis client add --scope SCOPE")
            }
            try options.show(clients, "client list") {
                $0.document
            } line: { client in
                let created = Date(timeIntervalSince1970: Double(client.createdAt)).formatted(.iso8601)
                let name = client.name.isEmpty ? "" : "  (\(client.name.shownOnTerminal))"
                let open = client.openUntil.map {
                    "  registered itself, ends \(Date(timeIntervalSince1970: Double($0)).formatted(.iso8601))"
                }
                return
                    "\(client.id)  \(created)  \(client.scopes.joined(separator: " "))\(name)\(client.isWithoutPKCE ? "  without PKCE" : "")\(open ?? "")"
            }
        } catch let code as ExitCode {
            throw code
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct ClientRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a client: it obtains no more tokens.",
        discussion: """
            Its tokens end at once: gateways on the same database refuse them within a second. Services that judge tokens themselves and \
            do not ask take one until it expires (authorization_server.access_token_lifetime).
            """)

    @Argument(help: "The client's id.")
    var id: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        let removed: Bool
        do {
            removed = try await ClientRegistry(settings, audit: audit).remove(id: id)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard removed else { throw CommandFailure("there is no client \"\(id)\"") }
        print("\(id): removed")
    }
}
