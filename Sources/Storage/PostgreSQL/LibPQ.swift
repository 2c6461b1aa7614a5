import Glibc

/// The functions of PostgreSQL's client library, opened when a policy names a PostgreSQL database and never before:
/// whoever keeps everything in SQLite needs no libpq, neither to build Portcullis nor to run it.
struct LibPQ: @unchecked Sendable {
    typealias Connection = OpaquePointer
    typealias Result = OpaquePointer
    typealias Text = UnsafePointer<CChar>
    typealias Texts = UnsafePointer<Text?>

    let connectStart: @convention(c) (Texts, Texts, Int32) -> Connection?
    let connectPoll: @convention(c) (Connection) -> Int32
    let status: @convention(c) (Connection) -> Int32
    let transactionStatus: @convention(c) (Connection) -> Int32
    let parameterStatus: @convention(c) (Connection, Text) -> Text?
    let socket: @convention(c) (Connection) -> Int32
    let errorMessage: @convention(c) (Connection) -> Text?
    let setNonblocking: @convention(c) (Connection, Int32) -> Int32
    let finish: @convention(c) (Connection) -> Void

    let sendQuery: @convention(c) (Connection, Text) -> Int32
    let sendPrepare: @convention(c) (Connection, Text, Text, Int32, UnsafePointer<UInt32>?) -> Int32
    let sendQueryPrepared:
        @convention(c) (Connection, Text, Int32, Texts?, UnsafePointer<Int32>?, UnsafePointer<Int32>?, Int32) -> Int32
    let flush: @convention(c) (Connection) -> Int32
    let consumeInput: @convention(c) (Connection) -> Int32
    let isBusy: @convention(c) (Connection) -> Int32
    let getResult: @convention(c) (Connection) -> Result?

    let resultStatus: @convention(c) (Result) -> Int32
    let resultErrorField: @convention(c) (Result, Int32) -> Text?
    let tuples: @convention(c) (Result) -> Int32
    let fields: @convention(c) (Result) -> Int32
    let value: @convention(c) (Result, Int32, Int32) -> Text?
    let isNull: @convention(c) (Result, Int32, Int32) -> Int32
    let affected: @convention(c) (Result) -> Text?
    let clear: @convention(c) (Result) -> Void

    /// A `PGnotify`.
    let notifies: @convention(c) (Connection) -> UnsafeMutableRawPointer?
    let free: @convention(c) (UnsafeMutableRawPointer) -> Void

    /// `PGnotify`.
    struct Notification {
        var channel: UnsafeMutablePointer<CChar>?
        var process: Int32
        var payload: UnsafeMutablePointer<CChar>?
        var next: UnsafeMutablePointer<Notification>?
    }

    /// Of `PostgresPollingStatusType`.
    enum Polling { static let failed: Int32 = 0, reading: Int32 = 1, writing: Int32 = 2, done: Int32 = 3 }
    /// Of `ExecStatusType`.
    enum ResultStatus { static let command: Int32 = 1, tuples: Int32 = 2 }
    /// Of `ConnStatusType` and `PGTransactionStatusType`.
    static let connectionOK: Int32 = 0
    static let transactionIdle: Int32 = 0
    /// `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`.
    enum ErrorField {
        static let state = Int32(UInt8(ascii: "C"))
        static let message = Int32(UInt8(ascii: "M"))
    }

    /// Opened once, and kept: libraries are not closed under threads.
    static let shared: LibPQ? =
        (dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL) ?? dlopen("libpq.so", RTLD_NOW | RTLD_LOCAL)).flatMap { LibPQ($0) }

    private init?(_ library: UnsafeMutableRawPointer) {
        do {
            let table = Table(library)
            connectStart = try table["PQconnectStartParams"]
            connectPoll = try table["PQconnectPoll"]
            status = try table["PQstatus"]
            transactionStatus = try table["PQtransactionStatus"]
            parameterStatus = try table["PQparameterStatus"]
            socket = try table["PQsocket"]
            errorMessage = try table["PQerrorMessage"]
            setNonblocking = try table["PQsetnonblocking"]
            finish = try table["PQfinish"]
            sendQuery = try table["PQsendQuery"]
            sendPrepare = try table["PQsendPrepare"]
            sendQueryPrepared = try table["PQsendQueryPrepared"]
            flush = try table["PQflush"]
            consumeInput = try table["PQconsumeInput"]
            isBusy = try table["PQisBusy"]
            getResult = try table["PQgetResult"]
            resultStatus = try table["PQresultStatus"]
            resultErrorField = try table["PQresultErrorField"]
            tuples = try table["PQntuples"]
            fields = try table["PQnfields"]
            value = try table["PQgetvalue"]
            isNull = try table["PQgetisnull"]
            affected = try table["PQcmdTuples"]
            clear = try table["PQclear"]
            notifies = try table["PQnotifies"]
            free = try table["PQfreemem"]
        } catch {
            return nil
        }
    }

    private struct Table {
        struct Missing: Error {}
        let library: UnsafeMutableRawPointer
        init(_ library: UnsafeMutableRawPointer) { self.library = library }

        subscript<Function>(name: String) -> Function {
            get throws {
                guard let address = dlsym(library, name) else { throw Missing() }
                return unsafeBitCast(address, to: Function.self)
            }
        }
    }
}
