/// Why PostgreSQL did not do what it was asked. Nothing is known then, never that there is no such thing.
enum PostgreSQLError: Error, Sendable, CustomStringConvertible {
    /// There is no connection, or it broke before anything could have been committed.
    case lost(String)
    /// The connection broke while a transaction was being committed: it may or may not be there.
    case undecided(String)
    /// It answered with an error: its code (SQLSTATE) and first line. Values of parameters are not in it.
    case refused(state: String, String)
    /// More waits for a connection than may.
    case overloaded

    var description: String {
        switch self {
        case .lost(let reason): "PostgreSQL cannot be reached: \(reason)"
        case .undecided(let reason): "the connection to PostgreSQL broke in the middle of a commit: \(reason)"
        case .refused(let state, let message): "PostgreSQL answers \(state): \(message)"
        case .overloaded: "too many requests wait for PostgreSQL"
        }
    }
}
