import Foundation
import Glibc

/// Runs gateways as processes of the program `portcullis`.
package struct ProgramRunner: GatewayRunner {
    /// Its path.
    package let executable: String
    /// Files and sockets that it may have open (RLIMIT_NOFILE), soft and hard; nil: as many as the test run.
    package var descriptors: (soft: Int, hard: Int)?

    package init(executable: String) { self.executable = executable }

    /// The program that was built: where `PORTCULLIS_BINARY` says, else beside the program that runs the tests.
    package static func built() throws -> ProgramRunner {
        if let path = ProcessInfo.processInfo.environment["PORTCULLIS_BINARY"], !path.isEmpty {
            return ProgramRunner(executable: path)
        }
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(filePath: tests).deletingLastPathComponent().appending(path: "portcullis").path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw GatewayRefusedToStart(reasons: [
                "no program at \(path): build it, or set PORTCULLIS_BINARY to its path"
            ])
        }
        return ProgramRunner(executable: path)
    }

    package func start(policyPath: String, listeners: Int) async throws -> any RunningGateway {
        try await run(policyPath: policyPath, listeners: listeners)
    }

    /// The same, for tests that send signals.
    package func run(policyPath: String, listeners: Int = 1) async throws -> ProgramGateway {
        let folder = URL(filePath: policyPath).deletingLastPathComponent().path
        let process =
            if let descriptors {
                try ChildProcess.start(
                    "/bin/sh",
                    [
                        "-c", "ulimit -Sn \(descriptors.soft) && ulimit -Hn \(descriptors.hard) && exec \"$0\" \"$@\"",
                        executable,
                        "run", policyPath,
                    ], in: folder)
            } else {
                try ChildProcess.start(executable, ["run", policyPath], in: folder)
            }
        let ports = try await eventually("\(listeners) lines \"listening on\"") { () -> [Int]? in
            let ports = process.output.compactMap(Self.port)
            if ports.count >= listeners { return ports }
            if let status = process.exitStatus {
                throw GatewayRefusedToStart(reasons: ["exit status \(status)"] + process.output + process.errors)
            }
            return nil
        }
        return ProgramGateway(process: process, ports: ports)
    }

    /// Of a line such as `listening on 127.0.0.1:8443`.
    private static func port(of line: String) -> Int? {
        guard line.hasPrefix("listening on "), let colon = line.lastIndex(of: ":") else { return nil }
        return Int(line[line.index(after: colon)...])
    }
}

/// A gateway that is a process of its own.
package struct ProgramGateway: RunningGateway {
    package let process: ChildProcess
    package let ports: [Int]
    package var log: [String] { process.errors }

    package func reload() async throws { process.send(signal: SIGHUP) }

    package func stop() async throws {
        process.send(signal: SIGTERM)
        let status = try await process.waitForExit(within: .seconds(60))
        guard status == 0 else {
            throw GatewayRefusedToStart(reasons: ["exit status \(status)"] + process.errors.suffix(20))
        }
    }
}

/// A gateway did not start, or ended otherwise than it should.
package struct GatewayRefusedToStart: Error, CustomStringConvertible {
    /// What it said.
    package let reasons: [String]
    package init(reasons: [String]) { self.reasons = reasons }
    package var description: String { reasons.joined(separator: "\n") }
}
