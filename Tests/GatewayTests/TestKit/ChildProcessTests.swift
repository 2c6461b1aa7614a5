import Foundation
import GatewayTesting
import Testing

@Suite("the kit's child processes and folders")
struct ChildProcessTests {
    @Test("what a process prints, and how it ends, can be seen")
    func output() async throws {
        let folder = try TemporaryFolder()
        let process = try ChildProcess.start(
            "/bin/sh", ["-c", "pwd; echo $WORD; echo trouble >&2; exit 3"], in: folder.url.path,
            environment: ["WORD": "hello"])
        #expect(try await process.waitForExit() == 3)
        try await eventually("its output") { process.output.count == 2 && process.errors == ["trouble"] }
        #expect(process.output.last == "hello")
    }

    @Test("a signal reaches a process")
    func signal() async throws {
        let process = try ChildProcess.start("/bin/sh", ["-c", "echo ready; exec sleep 600"], in: "/")
        try await eventually("its first line") { process.output == ["ready"] }
        #expect(process.exitStatus == nil)
        process.send(signal: 15)
        #expect(try await process.waitForExit() == -15)
    }

    @Test("a folder goes with its last reference")
    func folder() async throws {
        var folder: TemporaryFolder? = try TemporaryFolder()
        try folder?.write("text", to: "below/file", permissions: 0o600)
        #expect(try folder?.read("below/file") == Array("text".utf8))
        let path = try #require(folder?.path("below/file"))
        folder = nil
        #expect(try await ChildProcess.start("/usr/bin/test", ["-e", path], in: "/").waitForExit() == 1)
    }

    @Test("waiting in vain ends, and says for what")
    func eventuallyFails() async {
        let error = await #expect(throws: DeadlinePassed.self) {
            try await eventually("the impossible", within: .milliseconds(20)) { false }
        }
        #expect(error?.description == "waited in vain for the impossible")
    }
}
