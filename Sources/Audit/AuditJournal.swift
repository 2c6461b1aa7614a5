/// Where one event loop writes its records before the writer takes them. Not shared.
///
/// Records are encoded one behind the other into one buffer; handing it over is one short lock for many records.
package final class AuditJournal {
    /// A buffer of this many octets is handed over at once, without waiting for the loop's next pause.
    private static let handOverBytes = 65_536

    private let log: AuditLog
    private var buffer: [UInt8] = []
    private var clock = RecordClock()

    init(log: AuditLog) {
        self.log = log
        buffer.reserveCapacity(Self.handOverBytes + AuditRecord.bytesMax)
    }

    /// Whether records wait to be handed over.
    package var isEmpty: Bool { buffer.isEmpty }

    /// Opens the record of one request. nil: it could not be kept, so the request must be refused.
    package func open() -> AuditTicket? {
        switch log.reserve() {
        case .reserved: AuditTicket(journal: self, reserved: true)
        case .dropped: AuditTicket(journal: self, reserved: false)
        case .refused: nil
        }
    }

    fileprivate func write(_ wallNanoseconds: Int64, _ fill: (inout AuditRecord) -> Void) {
        let before = buffer.count
        var record = AuditRecord(buffer: buffer)
        buffer = []
        record.begin(at: wallNanoseconds, clock: &clock)
        fill(&record)
        buffer = record.finish()
        log.settle(bytes: buffer.count - before)
        if buffer.count >= Self.handOverBytes { handOver() }
    }

    fileprivate func forget() { log.countDropped() }

    /// Gives the writer what has been written; called at the loop's pauses.
    package func handOver() {
        guard !buffer.isEmpty else { return }
        buffer = log.submit(buffer)
    }
}

/// The duty to write one record: made when a request begins, closed once, and if nobody closes it, it closes itself as
/// `abandoned`.
package struct AuditTicket: ~Copyable {
    private let journal: AuditJournal
    private var reserved: Bool
    private var open = true

    fileprivate init(journal: AuditJournal, reserved: Bool) {
        self.journal = journal
        self.reserved = reserved
    }

    /// Writes the record. `fill` adds its members in their order.
    package consuming func close(at wallNanoseconds: Int64, _ fill: (inout AuditRecord) -> Void) {
        open = false
        if reserved { journal.write(wallNanoseconds, fill) } else { journal.forget() }
    }

    deinit {
        guard open else { return }
        if reserved {
            journal.write(0) { record in record.add(.decision, "abandoned") }
        } else {
            journal.forget()
        }
    }
}
