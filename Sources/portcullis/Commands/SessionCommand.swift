import ArgumentParser
import Foundation
import Gateway
import JSON
import OperatorTools
import Policy

struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "List who is logged in where, and log users out.",
        discussion: "Works on the store that routes.yaml names under authorization_server, also while gateways run.",
        subcommands: [SessionListCommand.self, SessionEndCommand.self])
}

struct SessionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the browsers in which users are logged in.",
        discussion: """
            Each line: the session's id (sid of ID tokens), the user, since when, when it was used last (to within some minutes), \
            what browser it says it is and from which address, what the user has shown (acr), and the applications that came of it.

              portcullis session list --user alice
              portcullis session list --client shop --json

            \(listExitStatus)
            """)

    @Option(help: "Only of this user: the name, or the sub as portcullis user list shows it.")
    var user: String?

    @Option(help: "Only those of which this client has something.")
    var client: String?

    @Flag(help: "One JSON array, with everything that is known of each.")
    var json = false

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        let settings = try PolicySettings.authorizationServer(of: policy)
        do {
            let sessions = try await SessionRegistry(settings).list(user: user, client: client)
            if json {
                let all = JSON.array(sessions.items.map(\.document)).serialized(pretty: true)
                print(String(decoding: all, as: UTF8.self))
            } else {
                if sessions.isEmpty { print("Nobody is logged in.") }
                for session in sessions.items { print(Self.line(session)) }
            }
            try sessions.reportDamage()
        } catch let code as ExitCode {
            throw code
        } catch {
            throw CommandFailure("\(error)")
        }
    }

    private static func line(_ session: SessionRegistry.Entry) -> String {
        func time(_ seconds: Int64?) -> String {
            seconds.map { Date(timeIntervalSince1970: Double($0)).formatted(.iso8601) } ?? "?"
        }
        var parts = [
            session.id, session.user, "since \(time(session.createdAt))", "used \(time(session.lastUsedAt))",
        ]
        parts.append([session.device, session.address].compactMap { $0?.shownOnTerminal }.joined(separator: " at "))
        parts.append(session.acr?.shownOnTerminal ?? "")
        parts.append(session.applications.joined(separator: " "))
        return parts.filter { !$0.isEmpty }.joined(separator: "  ")
    }
}

struct SessionEndCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "Log a user out of one browser, or everywhere.",
        discussion: """
            Ends what a log-out in that browser ends: the session, what is under way in it, authorization codes that have not been \
            redeemed, and grants with openid and without offline_access, with their tokens. Applications with a \
            backchannel_logout_uri are told. With --user, requests, links and devices of the user that are under way end, too. \
            The command returns when no gateway goes on with any of them.

            What applications were given to use without the user (offline_access, or no openid) stays, unless --grants is there.

              portcullis session end 3q2-7wXxk1
              portcullis session end --user alice --grants
            """)

    @Argument(help: "The session's id, as portcullis session list shows it, or its beginning.")
    var id: String?

    @Option(help: "All sessions of this user: the name, or the sub.")
    var user: String?

    @Flag(help: "With --user: all grants end, too, with every token.")
    var grants = false

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func validate() throws {
        guard (id == nil) != (user == nil) else {
            throw ValidationError("Name one session by its id (portcullis session list), or a user by --user.")
        }
        guard user != nil || !grants else { throw ValidationError("--grants needs --user") }
    }

    func run() async throws {
        let (settings, audit) = try PolicySettings.managed(of: policy)
        do {
            let registry = try await SessionRegistry(settings, audit: audit)
            if let user {
                guard let ended = try await registry.endAll(ofUser: user, endsGrants: grants) else {
                    throw CommandFailure("there is no user \"\(user)\"")
                }
                print(
                    "\(user): logged out everywhere\(ended.counts.isEmpty ? "" : "; ended: \(ended.counts.joined(separator: ", "))")"
                )
                return
            }
            let id = id ?? ""
            switch try await registry.end(beginning: id) {
            case .ended(let user, let id):
                let rest = "portcullis grant list shows what applications still may without the user"
                print("\(id): ended; \(user) is logged out of this browser; \(rest)")
            case .tooShort:
                throw CommandFailure("write at least \(SessionRegistry.prefixMin) letters of the session's id")
            case .none:
                throw CommandFailure(
                    "there is no session \"\(id)\"; portcullis session list shows those that there are")
            case .several: throw CommandFailure("several sessions begin with \"\(id)\"; write more of the id")
            }
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure("\(error)")
        }
    }
}
