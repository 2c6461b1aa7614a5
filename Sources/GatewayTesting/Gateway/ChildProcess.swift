import Foundation
import Glibc
import Synchronization

/// A program that a test runs, with what it prints. Killed when the last reference to it goes, and when the test run
/// ends.
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
    /// For `/proc`; signals go through `send`.
    package let pid: Int32

    /// - Parameters:
    ///   - executable: a path.
    ///   - folder: in which it runs.
    ///   - environment: added to that of the test run.
    package static func start(
        _ executable: String, _ arguments: [String], in folder: String, environment: [String: String] = [:]
    ) throws -> ChildProcess {
        let all = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (try OutputPipe(), try OutputPipe())
        let pid = try spawn(
            executable, [executable] + arguments, environment: all.map { "\($0)=\($1)" }, folder: folder,
            output: output.writingEnd, errors: errors.writingEnd)
        let state = SharedState()
        BlockingThread.start(name: "child output") {
            readLines(output) { line in state.value.withLock { keep(line, in: &$0.output) } }
        }
        BlockingThread.start(name: "child errors") {
            readLines(errors) { line in state.value.withLock { keep(line, in: &$0.errors) } }
        }
        return ChildProcess(pid, state)
    }

    /// Foundation's `Process` is not used: it has been seen to crash in `run()` beside many threads.
    private static func spawn(
        _ executable: String, _ arguments: [String], environment: [String], folder: String, output: Int32, errors: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        _ = GNUSpawnActions.closeFrom?(&actions, 3)
        _ = GNUSpawnActions.changeFolder?(&actions, folder)
        // A child inherits the signal mask of the thread that starts it, and those of Swift's pool block SIGTERM and
        // SIGHUP; and it inherits that SIGPIPE is ignored.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, pipe) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &pipe)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let argv = arguments.map { strdup($0) } + [nil]
        let envp = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, executable, &actions, &attributes, argv, envp)
        guard error == 0 else {
            throw ChildProcessFailure(description: "\(executable): \(String(cString: strerror(error)))")
        }
        return pid
    }

    private init(_ pid: pid_t, _ state: SharedState) {
        self.pid = pid
        self.state = state
        LivingChildren.add(pid)
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

    private static func readLines(_ pipe: OutputPipe, _ use: (String) -> Void) {
        // Otherwise the end would not come when the child ends.
        pipe.closeWritingEnd()
        var line: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(pipe.readingEnd, &buffer, buffer.count)
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

/// GNU's additions to `posix_spawn`, which Swift does not import.
private enum GNUSpawnActions {
    static let closeFrom = function(
        "posix_spawn_file_actions_addclosefrom_np",
        as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32).self)
    static let changeFolder = function(
        "posix_spawn_file_actions_addchdir_np",
        as: (@convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32).self)

    private static func function<Function>(_ name: String, as: Function.Type) -> Function? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
    }
}

/// A program could not be started.
package struct ChildProcessFailure: Error, CustomStringConvertible {
    package let description: String
}

/// What a child prints into. The reading thread closes both ends.
private final class OutputPipe: Sendable {
    let readingEnd: Int32
    let writingEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw ChildProcessFailure(description: "pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (readingEnd, writingEnd) = (ends[0], ends[1])
    }

    deinit { Glibc.close(readingEnd) }

    func closeWritingEnd() { Glibc.close(writingEnd) }
}

/// The processes that tests have started: a signal never reaches a number that another process has by now, since a
/// process is waited for only under the lock.
private enum LivingChildren {
    /// Those that run, and those whose end nobody has forgotten yet.
    private static let entries = Mutex<[pid_t: Int32?]>([:])
    private static let killAllAtExit: Void = {
        atexit { LivingChildren.killAll() }
        return
    }()

    static func add(_ pid: pid_t) {
        _ = killAllAtExit
        entries.withLock { $0[pid] = .some(nil) }
    }

    /// nil while it runs.
    static func exitStatus(of pid: pid_t) -> Int32? { entries.withLock { look(pid, &$0) } }

    private static func look(_ pid: pid_t, _ entries: inout [pid_t: Int32?]) -> Int32? {
        guard let known = entries[pid] else { return 0 }
        if let known { return known }
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        let result = status & 0x7F == 0 ? status >> 8 & 0xFF : -(status & 0x7F)
        entries[pid] = .some(result)
        return result
    }

    static func kill(_ pid: pid_t, _ signal: Int32 = SIGKILL) {
        entries.withLock { if $0[pid] != nil, look(pid, &$0) == nil { _ = Glibc.kill(pid, signal) } }
    }

    /// For the end of a child that nobody holds any more.
    static func forget(_ pid: pid_t) {
        kill(pid)
        BlockingThread.start(name: "child end") {
            while exitStatus(of: pid) == nil { usleep(10_000) }
            entries.withLock { _ = $0.removeValue(forKey: pid) }
        }
    }

    static func killAll() {
        entries.withLock { for (pid, status) in $0 where status == nil { _ = Glibc.kill(pid, SIGKILL) } }
    }
}
