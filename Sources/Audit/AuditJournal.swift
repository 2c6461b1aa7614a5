/// Where one event loop writes its records before the writer takes them. Belongs to that loop; not shared.
///
/// Records are encoded one behind the other into one buffer; handing it over is one short lock for many records.
package final class AuditJournal {
    private let log: AuditLog
    private var batch: AuditBatch
    private var clock = RecordClock()

    init(log: AuditLog) {
        self.log = log
        batch = AuditBatch()
    }

    deinit { handOver() }

    /// Whether no record waits to be handed over.
    package var isEmpty: Bool { batch.records == 0 }

    /// Opens the record of one request. nil: it could not be kept, so the request must be refused.
    ///
    /// What is opened is kept: however full the queue has become meanwhile, the record still goes in. So the queue may
    /// exceed its bound by one record for each request that was in flight when it filled.
    /// - Parameter requestID: hexadecimal digits; stands in the record if nobody closes it.
    package func open(requestID: [UInt8] = []) -> AuditTicket? {
        if log.takesRecords { return AuditTicket(journal: self, requestID: requestID, isPromised: true) }
        switch log.whenFull {
        case .refuse: return nil
        case .dropAndCount: return AuditTicket(journal: self, requestID: requestID, isPromised: false)
        }
    }

    fileprivate func write(
        at wallNanoseconds: Int64, isUnmatched: Bool = false, _ fill: (inout AuditRecord) -> Void
    ) {
        // The octets are moved out while they are written to, so that nothing is copied.
        var taken = AuditBatch(octets: [], records: 0)
        swap(&taken, &batch)
        let start = taken.octets.count
        var record = AuditRecord(buffer: taken.takeOctets())
        record.begin(at: wallNanoseconds, clock: &clock)
        fill(&record)
        taken.octets = record.finish()
        taken.records &+= 1
        if isUnmatched { taken.markUnmatched(from: start) }
        swap(&taken, &batch)
        // Only when `fill` ended another ticket of this journal: its record is there too.
        if taken.records > 0 { batch.append(taken) }
        if batch.isFull { handOver() }
    }

    /// Whether this refusal is given a record of its own; otherwise it was counted.
    fileprivate func takes(_ sender: AuditSender, code: UInt8, text: AuditText?, at wallNanoseconds: Int64) -> Bool {
        log.takes(
            sender, code: code, text: text, at: wallNanoseconds, besides: batch.unmatchedBytes)
    }

    fileprivate func drop() { log.countDropped() }

    /// Gives the writer what has been written; called at the loop's pauses.
    package func handOver() {
        guard batch.records > 0 else { return }
        var given = AuditBatch(octets: [], records: 0)
        swap(&given, &batch)
        batch = log.submit(consume given)
    }
}

/// The duty to write one record: made when a request begins, closed once, and if nobody closes it, it closes itself as
/// `abandoned`.
package struct AuditTicket: ~Copyable {
    private let journal: AuditJournal
    private let requestID: [UInt8]
    /// False: the log is full, and records are dropped and counted.
    private let isPromised: Bool
    private var isOpen = true

    fileprivate init(journal: AuditJournal, requestID: [UInt8], isPromised: Bool) {
        self.journal = journal
        self.requestID = requestID
        self.isPromised = isPromised
    }

    /// Writes the record. `fill` adds its members in their order.
    package consuming func close(at wallNanoseconds: Int64, _ fill: (inout AuditRecord) -> Void) {
        isOpen = false
        if isPromised { journal.write(at: wallNanoseconds, fill) } else { journal.drop() }
    }

    /// For a request that matched no route: writes its record, or counts it in one for many.
    /// - Parameters:
    ///   - code: a number for each code.
    ///   - text: the code in the record; nil: it was not refused.
    package consuming func closeUnmatched(
        by sender: AuditSender, code: UInt8, text: AuditText?, at wallNanoseconds: Int64,
        _ fill: (inout AuditRecord) -> Void
    ) {
        isOpen = false
        guard isPromised else { return journal.drop() }
        if journal.takes(sender, code: code, text: text, at: wallNanoseconds) {
            journal.write(at: wallNanoseconds, isUnmatched: true, fill)
        }
    }

    deinit {
        guard isOpen else { return }
        guard isPromised else { return journal.drop() }
        journal.write(at: RecordClock.wallNanoseconds()) { record in
            if !requestID.isEmpty { record.add(.requestID, plain: requestID) }
            record.add(.decision, "abandoned")
        }
    }
}
