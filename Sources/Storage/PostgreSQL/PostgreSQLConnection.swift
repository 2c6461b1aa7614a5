import CoreFoundation
import Glibc

/// One connection to PostgreSQL. Used by one thread, which it blocks, but never beyond a deadline: everything that
/// libpq could wait for is waited for here, with `poll`.
final class PostgreSQLConnection {
    /// Rows of an answer and the number of rows that a statement changed.
    struct Answer {
        var rows: [[String?]] = []
        var affected = 0
    }

    private let pq: LibPQ
    private let handle: LibPQ.Connection
    /// Names of prepared statements by their SQL; there are about a dozen.
    private var prepared: [String: String] = [:]
    /// Monotonic nanoseconds. Set by whoever uses the connection.
    var deadline: Int

    /// Connects.
    /// - Parameters:
    ///   - parameters: keywords and values of libpq.
    ///   - deadline: monotonic nanoseconds.
    init(_ pq: LibPQ, _ parameters: [(keyword: String, value: String)], deadline: Int) throws(PostgreSQLError) {
        let started = Self.withTexts(parameters.map(\.keyword)) { keywords in
            Self.withTexts(parameters.map(\.value)) { values in pq.connectStart(keywords, values, 0) }
        }
        guard let handle = started else { throw .lost("out of memory") }
        self.pq = pq
        self.handle = handle
        self.deadline = deadline
        guard pq.status(handle) != 1 else { throw .lost(message) }
        var polling = LibPQ.Polling.writing
        while polling != LibPQ.Polling.done {
            guard polling == LibPQ.Polling.reading || polling == LibPQ.Polling.writing else { throw .lost(message) }
            try wait(for: polling == LibPQ.Polling.reading ? POLLIN : POLLOUT)
            polling = pq.connectPoll(handle)
        }
        guard pq.setNonblocking(handle, 1) == 0 else { throw .lost(message) }
    }

    deinit { pq.finish(handle) }

    /// Whether it can be used for something else: connected, and in no transaction.
    var isIdle: Bool {
        pq.status(handle) == LibPQ.connectionOK && pq.transactionStatus(handle) == LibPQ.transactionIdle
    }

    func parameter(_ name: String) -> String? { pq.parameterStatus(handle, name).map { String(cString: $0) } }

    /// One statement with parameters `$1`…, prepared when it is used for the first time.
    @discardableResult
    func run(_ sql: String, _ values: [String?] = []) throws(PostgreSQLError) -> Answer {
        let name: String
        if let known = prepared[sql] {
            name = known
        } else {
            name = "portcullis_\(prepared.count)"
            guard pq.sendPrepare(handle, name, sql, 0, nil) == 1 else { throw .lost(message) }
            _ = try answer()
            prepared[sql] = name
        }
        let sent = Self.withTexts(values) { pq.sendQueryPrepared(handle, name, Int32(values.count), $0, nil, nil, 0) }
        guard sent == 1 else { throw .lost(message) }
        return try answer()
    }

    /// Several statements in one round trip, without parameters.
    func script(_ sql: String) throws(PostgreSQLError) {
        guard pq.sendQuery(handle, sql) == 1 else { throw .lost(message) }
        _ = try answer()
    }

    /// Payloads of notifications that came in; waits for one until the deadline.
    func notifications() throws(PostgreSQLError) -> [String] {
        var payloads = takeNotifications()
        guard payloads.isEmpty else { return payloads }
        guard poll(for: POLLIN) else { return [] }
        guard pq.consumeInput(handle) == 1 else { throw .lost(message) }
        payloads = takeNotifications()
        return payloads
    }

    private func takeNotifications() -> [String] {
        var payloads: [String] = []
        while let notification = pq.notifies(handle) {
            let payload = notification.load(as: LibPQ.Notification.self).payload
            payloads.append(payload.map { String(cString: $0) } ?? "")
            pq.free(notification)
        }
        return payloads
    }

    /// The answer to what was sent. All results are read, so that the connection can be used again; the first error
    /// counts.
    private func answer() throws(PostgreSQLError) -> Answer {
        try flush()
        var answer = Answer()
        var error: PostgreSQLError?
        while true {
            while pq.isBusy(handle) == 1 {
                try wait(for: POLLIN)
                guard pq.consumeInput(handle) == 1 else { throw .lost(message) }
            }
            guard let result = pq.getResult(handle) else { break }
            defer { pq.clear(result) }
            switch pq.resultStatus(result) {
            case LibPQ.ResultStatus.command, LibPQ.ResultStatus.tuples: answer = read(result)
            default: if error == nil { error = self.error(of: result) }
            }
        }
        if let error { throw error }
        return answer
    }

    private func flush() throws(PostgreSQLError) {
        while true {
            switch pq.flush(handle) {
            case 0: return
            case 1:
                try wait(for: POLLIN | POLLOUT)
                guard pq.consumeInput(handle) == 1 else { throw .lost(message) }
            default: throw .lost(message)
            }
        }
    }

    private func read(_ result: LibPQ.Result) -> Answer {
        let fields = pq.fields(result)
        let rows = (0..<pq.tuples(result)).map { row in
            (0..<fields).map { field in
                pq.isNull(result, row, field) == 1 ? nil : pq.value(result, row, field).map { String(cString: $0) }
            }
        }
        return Answer(rows: rows, affected: pq.affected(result).flatMap { Int(String(cString: $0)) } ?? 0)
    }

    private func error(of result: LibPQ.Result) -> PostgreSQLError {
        let primary = pq.resultErrorField(result, LibPQ.ErrorField.message).map { String(cString: $0) } ?? message
        let state = pq.resultErrorField(result, LibPQ.ErrorField.state).map { String(cString: $0) }
        guard let state, pq.status(handle) == LibPQ.connectionOK, !state.hasPrefix("57P"), !state.hasPrefix("08") else {
            return .lost(primary)
        }
        return .refused(state: state, primary)
    }

    /// Of the connection: its first line, without what was sent.
    private var message: String {
        let text = pq.errorMessage(handle).map { String(cString: $0) } ?? ""
        return text.split(separator: "\n").first.map(String.init) ?? "no reason was given"
    }

    // MARK: Waiting

    private func wait(for events: Int32) throws(PostgreSQLError) {
        guard poll(for: events) else { throw .lost("it did not answer in time") }
    }

    /// False: the deadline has come.
    private func poll(for events: Int32) -> Bool {
        while true {
            let left = deadline &- MonotonicTime.now
            guard left > 0 else { return false }
            var descriptor = pollfd(fd: pq.socket(handle), events: Int16(truncatingIfNeeded: events), revents: 0)
            let count = Glibc.poll(&descriptor, 1, Int32(clamping: left / 1_000_000 + 1))
            if count > 0 { return true }
            if count < 0, errno != EINTR { return false }
        }
    }

    /// Texts as libpq takes them; nil is NULL. There is one more at the end, which is nil.
    private static func withTexts<Value>(_ texts: [String?], _ body: (LibPQ.Texts) -> Value) -> Value {
        let copies = texts.map { $0.flatMap { strdup($0) } }
        defer { for copy in copies { free(copy) } }
        return (copies.map { $0.map { UnsafePointer($0) } } + [nil]).withUnsafeBufferPointer { buffer in
            // Never empty: there is the nil at the end.
            buffer.baseAddress.map(body) ?? withUnsafePointer(to: LibPQ.Text?.none) { body($0) }
        }
    }
}

/// The clock of deadlines.
enum MonotonicTime {
    /// Nanoseconds.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec &* 1_000_000_000 &+ time.tv_nsec
    }

    static func nanoseconds(milliseconds: Int) -> Int { milliseconds &* 1_000_000 }
}
