import Foundation
import Glibc
import JSON
import Synchronization

@testable import Audit

/// A folder of its own for one test, removed at the end.
final class Scratch {
    let folder: String

    init() throws {
        folder = NSTemporaryDirectory() + "audit-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var path: String { folder + "/audit.jsonl" }

    func octets(_ path: String) -> [UInt8] { FileManager.default.contents(atPath: path).map { Array($0) } ?? [] }

    /// The records of a file; every line must be one, and the last one must end.
    func records(_ path: String) throws -> [JSONObject] { try Self.records(octets(path)) }

    static func records(_ octets: [UInt8]) throws -> [JSONObject] {
        guard octets.last == 0x0A || octets.isEmpty else { throw Torn() }
        return try octets.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast().map { line in
            guard let record = try JSON.parse(Array(line)).object else { throw Torn() }
            return record
        }
    }

    struct Torn: Error {}
}

extension AuditLog {
    static func toFile(
        _ path: String, whenFull: WhenFull = .refuse, queueBytesMax: Int = 1 << 20, rotateBytes: Int = 1 << 30,
        keep: Int = 3
    ) throws -> AuditLog {
        try AuditLog(
            sink: .file(path: path, rotateBytes: rotateBytes, keep: keep), whenFull: whenFull,
            queueBytesMax: queueBytesMax)
    }
}

extension AuditJournal {
    /// Opens and closes a record that carries `number`. False: it was refused.
    @discardableResult
    func record(_ number: Int) -> Bool {
        guard let ticket = open() else { return false }
        ticket.close(at: 1_790_000_000_123_456_789) { $0.add(.status, number) }
        return true
    }

    /// Whether a request would be refused; a ticket that is opened is abandoned.
    var isRefused: Bool { open() == nil }
}

extension [JSONObject] {
    var numbers: [Int] { compactMap { $0["status"]?.int.map(Int.init) } }
}

/// What a closure writes as one record.
func recordText(_ fill: (inout AuditRecord) -> Void) -> [UInt8] {
    var record = AuditRecord(buffer: [])
    var clock = RecordClock()
    record.begin(at: 1_790_000_000_123_456_789, clock: &clock)
    fill(&record)
    return record.finish()
}

func recordMembers(_ fill: (inout AuditRecord) -> Void) throws -> JSONObject {
    let records = try Scratch.records(recordText(fill))
    guard records.count == 1 else { throw Scratch.Torn() }
    return records[0]
}

/// What a log has told of itself.
final class Heard: Sendable {
    private let notices = Mutex<[AuditNotice]>([])
    var all: [AuditNotice] { notices.withLock { $0 } }
    @Sendable func add(_ notice: AuditNotice) { notices.withLock { $0.append(notice) } }
}
