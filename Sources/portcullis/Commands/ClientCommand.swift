import ArgumentParser
import Foundation
import Gateway
import Policy

struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Add, list and remove clients of the built-in authorization server.",
        discussion: "Works on the store that routes.yaml names under authorization_server, also while the gateway runs.",
        subcommands: [ClientAddCommand.self, ClientListCommand.self, ClientRemoveCommand.self])
}

struct ClientAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Register a client and print its secret, once.",
        discussion: """
            The client may use the client_credentials grant and obtain the scopes given here, and no others. Its secret is \
            printed now and cannot be shown again: only a hash of it is kept.

              portcullis client add billing --scope orders:read --scope orders:write
            """)

    @Argument(help: "The client's id: letters, digits and -._~. Without it, one is made.")
    var id: String?

    @Option(name: .customLong("scope"), help: "A scope that the client may obtain; repeat for more.")
    var scopes: [String] = []

    @Option(help: "A name for people.")
    var name = ""

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    @Flag(help: "Print client_id and client_secret as JSON.")
    var json = false

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let scopes = scopes.flatMap { $0.split(separator: " ").map(String.init) }
            let (client, secret) = try await ClientRegistry(settings).add(id: id, name: name, scopes: scopes)
            if json {
                print("{\"client_id\":\"\(client.id)\",\"client_secret\":\"\(secret)\"}")
            } else {
                print("client_id:     \(client.id)")
                print("client_secret: \(secret)")
                print("scopes:        \(client.scopes.joined(separator: " "))")
                print("The secret is not shown again. Try: PORTCULLIS_CLIENT_SECRET=… portcullis token --client-id \(client.id)")
            }
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct ClientListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the clients.")

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let clients = try await ClientRegistry(settings).list()
            if clients.isEmpty { print("There are no clients. Add one: portcullis client add --scope SCOPE") }
            for client in clients {
                let created = Date(timeIntervalSince1970: Double(client.createdAt)).formatted(.iso8601)
                let name = client.name.isEmpty ? "" : "  (\(client.name))"
                print("\(client.id)  \(created)  \(client.scopes.joined(separator: " "))\(name)")
            }
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}

struct ClientRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Remove a client: it obtains no more tokens.",
        discussion: "Tokens that it holds stay valid until they expire (authorization_server.access_token_lifetime).")

    @Argument(help: "The client's id.")
    var id: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        let removed: Bool
        do {
            removed = try await ClientRegistry(settings).remove(id: id)
        } catch {
            throw CommandFailure("\(error)")
        }
        guard removed else { throw CommandFailure("there is no client \"\(id)\"") }
        print("\(id): removed")
    }
}
