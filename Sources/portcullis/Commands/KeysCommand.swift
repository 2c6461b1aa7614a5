import ArgumentParser
import Foundation
import Gateway
import JOSE
import OperatorTools
import Policy

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "List, rotate and retire the keys that tokens are signed with.",
        discussion: """
            The gateway rotates them by itself (authorization_server.key_rotation, 30 days): the next key is published 48 hours \
            before it signs, and the last one until the last token that it signed has ended.

            Works on the store that routes.yaml names under authorization_server, also while gateways run: they notice.
            """,
        subcommands: [KeysListCommand.self, KeysRotateCommand.self, KeysRetireCommand.self])
}

struct KeysListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the keys, the oldest first.", discussion: listExitStatus)

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let keys = try await SigningKeyTool(settings).list()
            for key in keys.items {
                let times =
                    ["signs from \(Self.text(key.signsFrom))"]
                    + (key.publishedUntil.map { ["published until \(Self.text($0))"] } ?? [])
                print(
                    "\(key.kid)  \(key.algorithm.rawValue)  \(key.state)  \(times.joined(separator: ", "))\(key.isEncrypted ? "" : ", not encrypted")"
                )
            }
            try keys.reportDamage()
        } catch let code as ExitCode {
            throw code
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    static func text(_ time: Int64) -> String { Date(timeIntervalSince1970: Double(time)).formatted(.iso8601) }
}

struct KeysRotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Make the next key now.",
        discussion: """
            It signs in 48 hours, so that whoever keeps the key set for a while knows it by then. With --now it signs at once: for a key \
            that somebody may have seen. What the old key signed stays valid until it ends; portcullis keys retire ends it.
            """)

    @Option(help: "Which algorithm's key, as ES256; without it, the one that access tokens are signed with.")
    var algorithm: String?

    @Flag(name: .customLong("now"), help: "The new key signs at once.")
    var atOnce = false

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        let known = try algorithm.map { name in
            guard let known = Algorithm(named: name) else {
                throw CommandFailure("\"\(name)\" is not an algorithm; as in ES256")
            }
            return known
        }
        let new: String
        do {
            new = try await SigningKeyTool(settings, audit: audit).rotate(known, atOnce: atOnce) ?? "?"
        } catch {
            throw CommandFailure("\(error)")
        }
        print(
            atOnce ? "A new key signs from now on: \(new)" : "A new key is published, and signs in 48 hours: \(new)")
    }
}

struct KeysRetireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retire",
        abstract: "Give a key up at once: nothing that it has signed counts any longer.",
        discussion: """
            For a key that somebody else may have. If it is the one that signs, a new key does from now on; a key that \
            was rotated away never signs again. The command returns when no gateway goes on with it, and says if an \
            algorithm has no key any more.
            """)

    @Argument(help: "The key's id (kid), as portcullis keys list shows it.")
    var kid: String

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        let isRetired: Bool
        let signing: [SigningKeyTool.Key]
        let missing: [(algorithm: Algorithm, next: SigningKeyTool.Key?)]
        do {
            let tool = try await SigningKeyTool(settings, audit: audit)
            isRetired = try await tool.retire(kid)
            signing = try await tool.signing()
            missing = try await tool.algorithmsWithoutKey()
        } catch {
            throw CommandFailure("\(error)")
        }
        guard isRetired else { throw CommandFailure("there is no key \"\(kid)\"; portcullis keys list shows them") }
        print("\(kid): retired; tokens that it signed are refused")
        for key in signing { print("\(key.kid): signs now (\(key.algorithm.rawValue))") }
        for (algorithm, next) in missing {
            let what = next.map { "the next one, \($0.kid), signs from \(KeysListCommand.text($0.signsFrom))" }
            print(
                "\(algorithm.rawValue): has no key that signs; \(what ?? "a gateway that runs makes one, which signs 48 hours later"). To sign at once: portcullis keys rotate --now --algorithm \(algorithm.rawValue)"
            )
        }
    }
}
