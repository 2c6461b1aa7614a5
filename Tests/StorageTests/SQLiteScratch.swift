import AuthorizationRecords
import Foundation

@testable import Storage

/// A SQLite file of a test's own.
struct SQLiteScratch {
    static let now: Int64 = 1_767_225_600
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("portcullis-\(UUID().uuidString).sqlite")
        .path

    /// Gone when `body` is done.
    func run(_ body: (SQLiteAuthorizationStore) async throws -> Void) async throws {
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        try await body(try SQLiteAuthorizationStore.open(path: path, now: Self.now, random: .system))
    }
}
