import ArgumentParser
import Gateway
import Glibc
import OperatorTools

/// Where the program begins: what all commands have in common, around the one that is asked for.
@main
enum Program {
    static func main() async {
        ProcessStreams.prepare()
        CommandEnd.prepare()
        guard let arguments = ProgramArguments.all else {
            StandardError.write("Error: the arguments cannot be read: /proc is not there, nor are they in memory\n")
            exit(1)
        }
        do {
            var command = try Portcullis.parseAsRoot(Array(arguments.dropFirst()))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            CommandEnd.closeDatabases()
        } catch {
            CommandEnd.closeDatabases()
            Portcullis.exit(withError: error)
        }
    }
}

/// The command line. Every command's help says what it does, what it needs, and what to do next.
struct Portcullis: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis",
        abstract: "An OAuth2 API gateway for microservices.",
        discussion: """
            Portcullis stands in front of your services: it terminates TLS, checks OAuth2 access tokens, enforces scopes \
            and rate limits per route, forwards what is allowed over mutual TLS to services whose identity it verifies, \
            and leaves one audit record for every decision. An OAuth2 authorization server is built in.

            Everything that it does is written in one file, routes.yaml.

            First steps:
              portcullis init                    write a first routes.yaml, with development certificates in certs/
              portcullis check                   all that is wrong with a policy, with line and column
              portcullis run                     run the gateway
              portcullis client add --scope orders:read
                                                 let a client obtain tokens
            """,
        version: Version.text,
        subcommands: [
            InitCommand.self, RunCommand.self, CheckCommand.self, CertsCommand.self, ClientCommand.self,
            UserCommand.self, ImportCommand.self,
            GrantCommand.self, SessionCommand.self, KeysCommand.self,
            TokenCommand.self, JOSECommand.self, HealthCommand.self, VersionCommand.self,
        ])
}
