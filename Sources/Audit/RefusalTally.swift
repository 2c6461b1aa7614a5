import Synchronization

/// Who was refused, as records name them: made once for each connection.
package struct AuditSender: Sendable {
    let key: UInt64
    let address: AuditText

    /// - Parameters:
    ///   - key: the same for all addresses that count as one.
    ///   - address: what stands in records.
    package init(key: UInt64, address: AuditText) {
        self.key = key
        self.address = address
    }
}

/// Counts refusals that agree in sender and code. In each window so many of them have a record of their own, and the rest
/// have one together, with their number and with the times of the first and the last.
///
/// Only for requests that matched no route: they cost their sender nothing, so that without this a single sender decides
/// how long a log reaches back.
struct RefusalTally {
    /// Senders and codes that are told apart at a time; what comes beyond is counted by its code alone.
    static let entriesMax = 10_000
    static let windowNanoseconds: Int64 = 60_000_000_000

    private struct Key: Hashable {
        /// nil: of all senders that found no place.
        let sender: UInt64?
        let code: UInt8
    }

    /// Refusals that share a record.
    struct Counted: Sendable {
        /// nil: of several senders.
        let address: AuditText?
        /// nil: they were no refusals, but questions about the gateway itself (`OPTIONS *`), which it answered.
        let code: AuditText?
        fileprivate(set) var first: Int64
        fileprivate(set) var last: Int64
        fileprivate(set) var count: Int

        /// One record, with its line feed.
        func record(at wallNanoseconds: Int64, instance: AuditText? = nil, clock: inout RecordClock) -> [UInt8] {
            var record = AuditRecord(buffer: [])
            record.begin(at: wallNanoseconds, clock: &clock)
            if let instance { record.add(.instance, instance) }
            if let address { record.add(.clientAddress, address) }
            if code == nil { record.add(.method, "OPTIONS") }
            record.add(.decision, code == nil ? "allowed" : "refused")
            if let code { record.add(.code, code) }
            record.add(.repeated, count)
            for (field, time) in [(AuditField.firstTime, first), (.lastTime, last)] {
                var text: [UInt8] = []
                clock.append(time, to: &text)
                record.add(field, plain: text)
            }
            return record.finish()
        }
    }

    private struct Entry {
        let startedAt: Int64
        /// How many had a record of their own.
        var written = 0
        /// The rest; nil: there is none yet.
        var counted: Counted?
    }

    private let writtenMax: Int
    private var entries: [Key: Entry] = [:]
    /// Of windows that ended when the next began.
    private var ended: [Counted] = []

    /// - Parameter writtenMax: records of their own for each sender and code in a window.
    init(writtenMax: Int) { self.writtenMax = writtenMax }

    var isEmpty: Bool { entries.isEmpty && ended.isEmpty }

    /// A refusal at a time. True: it is given a record of its own; false: it was counted.
    /// - Parameter hasRoom: false: there is no room for its record, whatever the rate.
    mutating func take(
        _ sender: AuditSender, code: UInt8, text: AuditText?, at now: Int64, hasRoom: Bool
    ) -> Bool {
        var key = Key(sender: sender.key, code: code)
        var entry = entries[key]
        if entry == nil, entries.count >= Self.entriesMax {
            key = Key(sender: nil, code: code)
            entry = entries[key]
        }
        // Where nobody takes what has ended, windows grow instead of the list.
        if let old = entry, Self.isOver(old, now), ended.count < Self.entriesMax {
            if let counted = old.counted { ended.append(counted) }
            entry = nil
        }
        var current = entry ?? Entry(startedAt: now)
        defer { entries[key] = current }
        if hasRoom, key.sender != nil, current.written < writtenMax {
            current.written += 1
            return true
        }
        if current.counted == nil {
            current.counted = Counted(
                address: key.sender == nil ? nil : sender.address, code: text, first: now, last: now, count: 0)
        }
        current.counted?.count += 1
        current.counted?.last = now
        return false
    }

    /// What was counted in windows that are over; they are forgotten.
    mutating func takeEnded(at now: Int64) -> [Counted] {
        guard !isEmpty else { return [] }
        var all = ended
        ended = []
        for (key, entry) in entries where Self.isOver(entry, now) {
            if let counted = entry.counted { all.append(counted) }
            entries[key] = nil
        }
        return all
    }

    /// Everything that was counted, at the end of the log.
    mutating func takeAll() -> [Counted] {
        defer { entries = [:] }
        defer { ended = [] }
        return ended + entries.values.compactMap(\.counted)
    }

    /// Also when the clock was set back: nothing waits for a time that has been.
    private static func isOver(_ entry: Entry, _ now: Int64) -> Bool {
        now &- entry.startedAt >= windowNanoseconds || now < entry.startedAt
    }
}

/// The one of the process: event loops count, the writer's thread writes what was counted.
final class SharedRefusalTally: Sendable {
    /// Requests that share a record with others.
    let counted = Atomic<Int>(0)
    private let tally: Mutex<RefusalTally>

    private let instance: AuditText?

    init(writtenMax: Int, instance: AuditText?) {
        tally = Mutex(RefusalTally(writtenMax: writtenMax))
        self.instance = instance
    }

    func take(_ sender: AuditSender, code: UInt8, text: AuditText?, at now: Int64, hasRoom: Bool) -> Bool {
        let isOwn = tally.withLock { $0.take(sender, code: code, text: text, at: now, hasRoom: hasRoom) }
        if !isOwn { counted.add(1, ordering: .relaxed) }
        return isOwn
    }

    /// Records for windows that have ended by now.
    func takeEnded() -> [AuditBatch] {
        let now = RecordClock.wallNanoseconds()
        return batches(tally.withLock { $0.takeEnded(at: now) }, at: now)
    }

    /// Records for everything that was counted, at the end.
    func takeAll() -> [AuditBatch] {
        batches(tally.withLock { $0.takeAll() }, at: RecordClock.wallNanoseconds())
    }

    private func batches(_ all: [RefusalTally.Counted], at now: Int64) -> [AuditBatch] {
        var clock = RecordClock()
        var batches: [AuditBatch] = []
        for one in all {
            if batches.last?.isFull != false { batches.append(AuditBatch()) }
            let last = batches.count - 1
            let start = batches[last].octets.count
            batches[last].octets += one.record(at: now, instance: instance, clock: &clock)
            batches[last].records += 1
            batches[last].markUnmatched(from: start)
        }
        return batches
    }
}
