import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

struct ClientShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show all that is known of a client, as JSON.",
        discussion:
            "Its secrets are only told by when they were made and last used (to the day), since nothing else is kept of them."
    )

    @Argument(help: "The client's id.")
    var id: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        let document: JSONObject?
        do { document = try await ClientRegistry(settings).show(id: id) } catch { throw CommandFailure("\(error)") }
        guard let document else { throw CommandFailure("there is no client \"\(id)\"") }
        print(String(decoding: JSON.object(document).serialized(pretty: true), as: UTF8.self))
    }
}

struct ClientSecretCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secret",
        abstract: "Replace a client's secret without an interruption.",
        discussion: """
            Two secrets of a client count at a time. Add one, give it to the client, see with "client show" that the old one is not \
            used any more, and remove that:

              portcullis client secret add billing
              portcullis client show billing
              portcullis client secret remove billing
            """,
        subcommands: [Add.self, Remove.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a second secret and print it, once.")

        @Argument(help: "The client's id.")
        var id: String

        @Option(help: "The policy file.")
        var policy = "routes.yaml"

        @Flag(help: "Print client_id and client_secret as JSON.")
        var json = false

        func run() async throws {
            let (settings, audit) = try PolicySettings.managed(of: policy)
            let secret: String?
            do { secret = try await ClientRegistry(settings, audit: audit).addSecret(id: id) } catch {
                throw CommandFailure("\(error)")
            }
            guard let secret else { throw CommandFailure("there is no client \"\(id)\"") }
            if json {
                print(
                    String(
                        decoding: JSON.object(["client_id": .string(id), "client_secret": .string(secret)])
                            .serialized(), as: UTF8.self))
            } else {
                print("client_secret: \(secret)")
                print(
                    "Both secrets count now. The new one is not shown again; remove the old one: portcullis client secret remove \(id)"
                )
            }
            try ProcessStreams.checkSecretWritten(ofClient: id, isNew: false)
        }
    }

    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove the older of two secrets.")

        @Argument(help: "The client's id.")
        var id: String

        @Flag(help: "Remove the newer one instead.")
        var newer = false

        @Option(help: "The policy file.")
        var policy = "routes.yaml"

        func run() async throws {
            let (settings, audit) = try PolicySettings.managed(of: policy)
            let removed: Bool
            do {
                removed = try await ClientRegistry(settings, audit: audit).removeSecret(id: id, newer: newer)
            } catch {
                throw CommandFailure("\(error)")
            }
            guard removed else { throw CommandFailure("there is no client \"\(id)\"") }
            print("\(id): the \(newer ? "newer" : "older") secret counts no longer")
        }
    }
}
