import Foundation
import Glibc
import Synchronization

/// A program that a test runs, with what it prints. Killed when the last reference to it goes, and when the test run ends.
package final class ChildProcess: Sendable {
    /// Lines kept of what it prints; the oldest go first.
    private static let linesMax = 10_000

    private struct Lines {
        var output: [String] = []
        var errors: [String] = []
    }
    private final class SharedState: Sendable {
        let value = Mutex(Lines())
    }
    private let state: SharedState
    private let pid: pid_t

    /// - Parameters:
    ///   - executable: a path.
    ///   - folder: in which it runs.
    ///   - environment: added to that of the test run.
    package static func start(
        _ executable: String, _ arguments: [String], in folder: String, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let process = Process()
        let (output, errors) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: folder, directoryHint: .isDirectory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        try withSignalsUnblocked { try process.run() }
        let state = SharedState()
        BlockingThread.start(name: "child output") {
            readLines(output.fileHandleForReading) { line in state.value.withLock { keep(line, in: &$0.output) } }
        }
        BlockingThread.start(name: "child errors") {
            readLines(errors.fileHandleForReading) { line in state.value.withLock { keep(line, in: &$0.errors) } }
        }
        return ChildProcess(process, state)
    }

    /// A child inherits the signal mask of the thread that starts it, and those of Swift's pool block SIGTERM and SIGHUP.
    private static func withSignalsUnblocked(_ body: () throws -> Void) rethrows {
        var (none, before) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    private init(_ process: Process, _ state: SharedState) {
        pid = process.processIdentifier
        self.state = state
        LivingChildren.add(process)
    }

    deinit { LivingChildren.forget(pid) }

    /// Lines of standard output so far.
    package var output: [String] { state.value.withLock { $0.output } }
    /// Lines of standard error so far.
    package var errors: [String] { state.value.withLock { $0.errors } }
    /// nil while it runs; negative: the number of the signal that ended it.
    package var exitStatus: Int32? { LivingChildren.exitStatus(of: pid) }

    /// Sends a signal, if it still runs.
    package func send(signal: Int32) { LivingChildren.kill(pid, signal) }

    /// Waits until it has ended.
    @discardableResult
    package func waitForExit(within duration: Duration = Deadline.durationDefault) async throws -> Int32 {
        try await eventually("the end of process \(pid)", within: duration) { self.exitStatus }
    }

    private static func keep(_ line: String, in lines: inout [String]) {
        if lines.count >= linesMax { lines.removeFirst(linesMax / 10) }
        lines.append(line)
    }

    private static func readLines(_ pipe: FileHandle, _ use: (String) -> Void) {
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            // What is there, however little: `FileHandle.read(upToCount:)` waits for all of it.
            let count = Glibc.read(pipe.fileDescriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            for octet in buffer.prefix(count) {
                if octet == 0x0A || line.count >= 65_536 {
                    use(String(decoding: line, as: UTF8.self))
                    line = []
                }
                if octet != 0x0A { line.append(octet) }
            }
        }
        if !line.isEmpty { use(String(decoding: line, as: UTF8.self)) }
    }
}

/// The processes that tests have started: a signal never reaches a number that another process has by now.
private enum LivingChildren {
    private struct Entry: @unchecked Sendable {
        /// Only touched under the lock.
        let process: Process
    }
    private static let entries = Mutex<[pid_t: Entry]>([:])
    private static let killAllAtExit: Void = {
        atexit { LivingChildren.killAll() }
        return
    }()

    static func add(_ process: sending Process) {
        _ = killAllAtExit
        let entry = Entry(process: process)
        entries.withLock { $0[entry.process.processIdentifier] = entry }
    }

    static func exitStatus(of pid: pid_t) -> Int32? {
        entries.withLock { entries in
            guard let process = entries[pid]?.process, !process.isRunning else { return nil }
            return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        }
    }

    static func kill(_ pid: pid_t, _ signal: Int32 = SIGKILL) {
        entries.withLock { if $0[pid]?.process.isRunning == true { _ = Glibc.kill(pid, signal) } }
    }

    /// For the end of a child that nobody holds any more.
    static func forget(_ pid: pid_t) {
        kill(pid)
        entries.withLock { _ = $0.removeValue(forKey: pid) }
    }

    static func killAll() {
        entries.withLock { for entry in $0 where entry.value.process.isRunning { _ = Glibc.kill(entry.key, SIGKILL) } }
    }
}
