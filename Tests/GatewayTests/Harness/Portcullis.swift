import Foundation
import GatewayTesting

/// The program `portcullis`, run to its end.
struct Portcullis: Sendable {
    let status: Int32
    let output: String
    let errors: String

    /// - Parameter input: what it reads on standard input.
    static func run(
        _ arguments: [String], in folder: TemporaryFolder, environment: [String: String] = [:], input: String = ""
    ) async throws -> Portcullis {
        let program = try ProgramRunner.built().executable
        // Into files, which are whole when the process has ended.
        let files = try TemporaryFolder("portcullis-output")
        try files.write(input, to: "input")
        let process = try ChildProcess.start(
            "/bin/sh",
            ["-c", "exec \"$@\" <\"$0/input\" >\"$0/output\" 2>\"$0/errors\"", files.url.path, program] + arguments,
            in: folder.url.path, environment: environment)
        let status = try await process.waitForExit()
        return Portcullis(
            status: status, output: String(decoding: try files.read("output"), as: UTF8.self),
            errors: String(decoding: try files.read("errors"), as: UTF8.self))
    }

    /// Lines of standard output.
    var lines: [String] { output.split(separator: "\n").map(String.init) }
}
