import ArgumentParser
import Foundation
import Gateway
import Logging
import OperatorTools
import ServiceLifecycle
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the gateway.",
        discussion: """
            Reads the policy, checks it as `portcullis check` does, and starts only if there is no error. It then prints \
            one line for each listener on standard output (`listening on 127.0.0.1:8443`); the log goes to standard error.

            Signals: SIGHUP reads the policy, keys and certificates again and reopens the audit file; SIGTERM and SIGINT \
            stop accepting, finish what is open (timeouts.drain, 30 s) and end; SIGUSR1 logs everything from debug on, and the \
            next time as before again. Changed files are noticed by themselves. \
            A policy with errors never takes effect: the one in force stays.

            Exit status: 0 after a drain, 1 when it could not start, or when audit records were lost at the end.
            """)

    @Argument(help: "The policy file.")
    var policy = "routes.yaml"

    @Option(help: "How much to log: trace, debug, info, notice, warning, error, critical.")
    var logLevel: String = "info"

    @Option(
        help: ArgumentHelp(
            "How lines of the log look: text for people, json for programs; auto: text on a terminal, else json."))
    var logFormat: ProcessLog.Format = .auto

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError(
                "--log-level: \(logLevel) is not a level; use one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))"
            )
        }
        let log = ProcessLog(format: logFormat, level: level)
        let logger = log.logger
        let service = GatewayService(policyPath: policy, logger: logger, log: log) { server in
            for address in server.addresses {
                let host = address.host.contains(":") ? "[\(address.host)]" : address.host
                print("listening on \(host):\(address.port)")
            }
            fflush(nil)
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch let failure as GatewayServer.StartFailure {
            StandardError.write(failure.description + "\n")
            throw ExitCode(1)
        } catch let lost as GatewayService.LostRecords {
            throw CommandFailure(lost.description)
        }
    }
}

extension ProcessLog.Format: ExpressibleByArgument {}
