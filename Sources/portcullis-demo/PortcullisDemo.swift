import ArgumentParser
import Foundation
import Glibc
import UnixSignals

/// The demonstration, in a program of its own: what ships has no example services in it.
@main
struct PortcullisDemo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-demo",
        abstract: "Show the gateway at work, with everything made for you.",
        discussion: """
            Makes development certificates in certs/, starts two instances of an example service that demand the gateway's \
            client certificate (ports 9443 and 9444) and an impostor (9445), runs the gateway with routes.yaml on port \
            8443, registers a client, and shows requests made with curl: allowed, refused, limited. Then the audit records. \
            Then a user logs in in a browser, and the token that comes of it is taken back. Last, with --once, an agent of the \
            Model Context Protocol registers itself and calls a tool (ports 8446 and 9446).

            It stays up until you press Ctrl-C, so that you can try the curl lines that it prints, and look at the metrics (port 9901): with \
            Prometheus, if that is installed (port 9090).
            """)

    @Flag(help: "End after the transcript: exit status 0 only if every answer was the expected one.")
    var once = false

    @Option(help: "The policy file.")
    var policy = "routes.yaml"

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let demonstration = Demonstration(folder: ".", policyPath: policy, once: once) { line in
            Swift.print(line)
            fflush(nil)
        }
        let once = once
        let good: Bool
        do {
            good = try await demonstration.run { hints in
                guard !once else { return }
                Swift.print("\nIt stays up. Try, in another terminal, in this folder:\n")
                for hint in hints { Swift.print("   \(hint)") }
                Swift.print("\nCtrl-C ends it.")
                fflush(nil)
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { return }
            }
        } catch {
            throw ValidationError("\(error)")
        }
        if !good { throw ExitCode(1) }
    }
}
