import Foundation
import GatewayTesting
import Glibc

/// A gateway that a test has started as a program in a way of its own.
struct RunningProgram: RunningGateway {
    let process: ChildProcess
    let ports: [Int]
    var log: [String] { process.errors }

    /// Waits until it listens.
    init(_ process: ChildProcess) async throws {
        self.process = process
        let port = try await eventually("a line \"listening on\"") { () -> Int? in
            if let status = process.exitStatus {
                throw GatewayRefusedToStart(reasons: ["exit status \(status)"] + process.errors)
            }
            return process.output.filter { $0.hasPrefix("listening on ") }.compactMap {
                $0.split(separator: ":").last.flatMap { Int($0) }
            }.first
        }
        ports = [port]
    }

    func reload() async throws { process.send(signal: SIGHUP) }

    func stop() async throws {
        process.send(signal: SIGTERM)
        let status = try await process.waitForExit(within: .seconds(60))
        guard status == 0 else {
            throw GatewayRefusedToStart(reasons: ["exit status \(status)"] + process.errors.suffix(20))
        }
    }
}
