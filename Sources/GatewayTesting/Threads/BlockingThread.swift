import Foundation
import Glibc

/// Threads for code that blocks.
enum BlockingThread {
    /// Enough for OpenSSL and libcurl; hundreds of such threads may live at once.
    private static let stackBytes = 1_048_576

    static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        _ = ignoreBrokenPipes
        let thread = Thread(block: body)
        thread.name = String(name.prefix(15))
        thread.stackSize = stackBytes
        thread.start()
    }

    /// Writing to a connection that the other side has closed is an error to handle, not a reason to end the process.
    private static let ignoreBrokenPipes: Void = { signal(SIGPIPE, SIG_IGN) }()

    /// Runs something that blocks on a thread of its own, and gives its result.
    static func run<Value: Sendable>(name: String, _ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            start(name: name) { continuation.resume(with: Result { try body() }) }
        }
    }
}
