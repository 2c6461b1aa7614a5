import ArgumentParser
import OperatorTools

struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running gateway how it is.",
        discussion: """
            Asks the listener that serves health (`serves: [health]`), which needs no token, and prints `ok`, `degraded: …` or \
            `unavailable: …` with the reasons that docs/health.md explains. For the probe of a container, and for people.

              portcullis health                        the listener at http://127.0.0.1:9901
              portcullis health http://10.0.0.7:9902   the one at this address
              portcullis health routes.yaml            the one of this policy
              portcullis health --live                 only whether it runs; a gateway with a full disk does

            Probes name an address, or none: a file may have an error while the gateway runs by the policy of before.

            Exit status: 0 when requests are served (with --live: when it runs), 1 when not or when there is no answer, \
            2 when nobody can be asked, 3 with --strict when it is degraded.
            """)

    @Argument(help: "The URL of the listener, or a policy file.")
    var place = HealthProbe.placeDefault

    @Flag(help: "Ask only whether the process runs and its event loops turn (/livez).")
    var live = false

    @Flag(help: "Exit with 3 when the gateway serves requests and somebody has to look.")
    var strict = false

    @Option(help: "Seconds to wait for the answer.")
    var timeout = 3.0

    func validate() throws {
        guard timeout > 0, timeout <= 60 else { throw ValidationError("--timeout: from 0 to 60 seconds") }
    }

    func run() async throws {
        let probe: HealthProbe
        do { probe = try HealthProbe(place, timeout: .milliseconds(Int(timeout * 1_000))) } catch {
            StandardError.write("Error: \(error)\n")
            throw ExitCode(2)
        }
        let told = await live ? probe.live() : probe.health()
        print(told.text)
        if !told.isGood { throw ExitCode(1) }
        if strict, told.isDegraded { throw ExitCode(3) }
    }
}
