import JSON
import Testing

@testable import Audit

/// As the gateway keeps it: in a field of an object, taken out when the exchange ends.
private final class Exchange {
    var record: AuditTicket?
    var inner: AuditTicket?
    var isDone: Bool { record == nil }
}

@Suite("One record for each ticket, whatever happens")
struct AuditTicketTests {
    @Test("a ticket that is closed writes its record, once")
    func closed() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let exchange = Exchange()
        exchange.record = log.journal().open()
        if let ticket = exchange.record.take() { ticket.close(at: 0) { $0.add(.decision, "allowed") } }
        #expect(exchange.isDone)
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).map { $0["decision"] } == ["allowed"])
        #expect(log.health.written == 1)
    }

    @Test("a ticket that nobody closes writes itself as abandoned, with the time and the request's id")
    func abandoned() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let before = RecordClock.wallNanoseconds()
        do {
            let exchange = Exchange()
            exchange.record = log.journal().open(requestID: Array("0123456789abcdef".utf8))
        }
        #expect(log.stop())
        let record = try #require(try scratch.records(scratch.path).first)
        #expect(record["decision"] == "abandoned")
        #expect(record["request_id"] == "0123456789abcdef")
        var clock = RecordClock()
        var earliest: [UInt8] = []
        clock.append(before, to: &earliest)
        #expect(try #require(record["time"]?.string) >= String(decoding: earliest, as: UTF8.self))
        #expect(log.health.written == 1)
    }

    @Test("a ticket that is replaced, or lost in a thrown error, is abandoned, not forgotten")
    func replaced() throws {
        struct Failure: Error {}
        func fail(_ journal: AuditJournal) throws {
            let ticket = journal.open()
            if ticket != nil { throw Failure() }
        }
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        let exchange = Exchange()
        exchange.record = journal.open()
        exchange.record = journal.open()
        exchange.record = nil
        #expect(throws: Failure.self) { try fail(journal) }
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).map { $0["decision"] } == ["abandoned", "abandoned", "abandoned"])
    }

    @Test("a ticket that ends while another one is being closed keeps its record too")
    func nested() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        let exchange = Exchange()
        exchange.record = journal.open()
        exchange.inner = journal.open()
        if let ticket = exchange.record.take() {
            ticket.close(at: 0) { record in
                record.add(.decision, "allowed")
                exchange.inner = nil
            }
        }
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).map { $0["decision"] } == ["allowed", "abandoned"])
        #expect(log.health.written == 2)
    }

    @Test("a journal that goes away hands over what it holds")
    func journalGoes() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        do { log.journal().record(1) }
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).numbers == [1])
    }

    @Test("flush waits until the sink has the records")
    func flush() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        for round in 1...20 {
            journal.record(round)
            #expect(!journal.isEmpty)
            journal.handOver()
            #expect(journal.isEmpty)
            #expect(log.flush())
            #expect(try scratch.records(scratch.path).numbers == Array(1...round))
        }
    }

    @Test("records of several event loops are all there, each loop's in their order")
    func severalLoops() async throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path, queueBytesMax: 1 << 26)
        await withTaskGroup(of: Void.self) { group in
            for loop in 0..<4 {
                group.addTask {
                    let journal = log.journal()
                    for number in 0..<5_000 {
                        journal.record(loop * 10_000 + number)
                        if number % 7 == 0 { journal.handOver() }
                    }
                    journal.handOver()
                }
            }
        }
        #expect(log.stop())
        let numbers = try scratch.records(scratch.path).numbers
        #expect(numbers.count == 20_000)
        for loop in 0..<4 { #expect(numbers.filter { $0 / 10_000 == loop } == (0..<5_000).map { loop * 10_000 + $0 }) }
        #expect(log.health == AuditLog.Health(failure: nil, dropped: 0, written: 20_000, lost: 0, queuedBytes: 0))
    }

    @Test("what comes after the stop is written all the same")
    func afterStop() throws {
        let scratch = try Scratch()
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        journal.record(1)
        journal.handOver()
        let ticket = journal.open()
        #expect(log.stop())
        if let ticket { ticket.close(at: 0) { $0.add(.status, 2) } }
        journal.handOver()
        #expect(try scratch.records(scratch.path).numbers == [1, 2])
        #expect(log.health.written == 2)
        #expect(log.stop())
    }
}
