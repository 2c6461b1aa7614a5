import Foundation
import Glibc
import JSON
import Testing

@testable import Audit

@Suite("A sink that takes nothing")
struct AuditFaultTests {
    /// A path that leads to a device which is always full.
    private static func fullDisk(_ scratch: Scratch) throws {
        try FileManager.default.createSymbolicLink(atPath: scratch.path, withDestinationPath: "/dev/full")
    }

    private static func freeDisk(_ scratch: Scratch) throws {
        try FileManager.default.removeItem(atPath: scratch.path)
        try Data().write(to: URL(fileURLWithPath: scratch.path))
    }

    @Test("a full disk refuses new requests and keeps what was promised until there is room")
    func fullDisk() throws {
        let scratch = try Scratch()
        try Self.fullDisk(scratch)
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        journal.record(1)
        let early = journal.open()
        journal.handOver()
        #expect(log.wait { log.isFailing })
        #expect(log.health.failure == "No space left on device")
        #expect(journal.isRefused)
        #expect(!log.flush())
        if let early { early.close(at: 0) { $0.add(.status, 2) } }
        journal.handOver()

        try Self.freeDisk(scratch)
        log.reopen()
        #expect(log.wait { !log.isFailing })
        #expect(journal.record(3))
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).numbers == [1, 2, 3])
        #expect(log.health == AuditLog.Health(failure: nil, dropped: 0, written: 3, lost: 0, queuedBytes: 0))
    }

    @Test(
        "a disk with room for the beginning of a record is full all the time: said once when it is, and once when there is room",
        .enabled(if: geteuid() == 0, "needs root, for a small file system of its own"))
    func nearlyFullDisk() throws {
        let scratch = try Scratch()
        let folder = scratch.folder + "/small"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #require(mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0, "\(String(cString: strerror(errno)))")
        defer { umount2(folder, Int32(MNT_DETACH)) }
        let filler = folder + "/filler"
        try Data(count: 61_440).write(to: URL(fileURLWithPath: filler))
        let heard = Heard()
        let log = try AuditLog(
            sink: .file(path: folder + "/audit.jsonl", rotateBytes: 1 << 30, keep: 3), whenFull: .refuse,
            queueBytesMax: 1 << 20, onNotice: heard.add)
        let journal = log.journal()
        for number in 0..<150 { #expect(journal.record(number)) }
        journal.handOver()
        #expect(log.wait { log.isFailing })
        // Some attempts later; there is one each half second.
        for _ in 0..<75 where heard.all.count < 2 { usleep(20_000) }
        #expect(heard.all == [.failing(reason: "No space left on device")])
        #expect(journal.isRefused)
        try FileManager.default.removeItem(atPath: filler)
        #expect(log.wait { !log.isFailing })
        #expect(log.stop())
        #expect(heard.all == [.failing(reason: "No space left on device"), .recovered])
        #expect(try scratch.records(folder + "/audit.jsonl").numbers == Array(0..<150))
    }

    @Test("with drop_and_count requests go on while the disk is full; what is not kept is counted")
    func dropAndCount() throws {
        let scratch = try Scratch()
        try Self.fullDisk(scratch)
        let log = try AuditLog.toFile(scratch.path, whenFull: .dropAndCount)
        let journal = log.journal()
        journal.record(1)
        journal.handOver()
        #expect(log.wait { log.isFailing })
        for number in 2...4 { #expect(journal.record(number)) }
        #expect(!journal.isRefused)
        #expect(log.health.dropped == 4)
        try Self.freeDisk(scratch)
        log.reopen()
        #expect(log.wait { !log.isFailing })
        journal.record(5)
        journal.handOver()
        #expect(log.stop())
        #expect(try scratch.records(scratch.path).numbers == [1, 5])
        #expect(log.health.dropped == 4)
    }

    @Test("a log that is stopped while the disk is full gives up in time and says how many records were lost")
    func stoppedWhileFull() throws {
        let scratch = try Scratch()
        try Self.fullDisk(scratch)
        let log = try AuditLog.toFile(scratch.path)
        let journal = log.journal()
        for number in 0..<100 { journal.record(number) }
        journal.handOver()
        #expect(!log.stop(within: 0))
        journal.record(100)
        journal.handOver()
        #expect(log.health.written == 0)
        #expect(log.health.lost + log.health.dropped >= 100)
        #expect(log.health.queuedBytes == 0)
    }

    /// A reader that reads nothing until it is told to.
    private final class Pipe {
        let path: String
        let descriptor: Int32
        init(_ scratch: Scratch) throws {
            path = scratch.path
            guard mkfifo(path, 0o600) == 0 else { throw Scratch.Torn() }
            descriptor = open(path, O_RDONLY | O_NONBLOCK)
            guard descriptor >= 0, fcntl(descriptor, F_SETFL, 0) == 0 else { throw Scratch.Torn() }
        }
        deinit { close(descriptor) }

        func records(_ count: Int) throws -> [JSONObject] {
            var octets: [UInt8] = []
            while octets.count(where: { $0 == 0x0A }) < count {
                var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&waiting, 1, 60_000) == 1 else { break }
                var part = [UInt8](repeating: 0, count: 65_536)
                let got = read(descriptor, &part, part.count)
                guard got > 0 else { break }
                octets.append(contentsOf: part[..<got])
            }
            return try Scratch.records(octets)
        }
    }

    @Test("a reader that does not read fills the queue up to its bound, and then requests are refused")
    func slowReader() throws {
        let scratch = try Scratch()
        let pipe = try Pipe(scratch)
        let bound = 300_000
        let log = try AuditLog.toFile(scratch.path, queueBytesMax: bound)
        let journal = log.journal()
        var count = 0
        while count < 1_000_000, journal.record(count) {
            count += 1
            journal.handOver()
        }
        #expect(count < 1_000_000)
        #expect(log.health.queuedBytes >= bound)
        #expect(log.health.queuedBytes <= bound + AuditRecord.bytesMax)
        #expect(log.health.failure == nil)

        let records = try pipe.records(count)
        #expect(records.numbers == Array(0..<count))
        #expect(log.wait { log.takesRecords })
        #expect(journal.record(count))
        journal.handOver()
        #expect(try pipe.records(1).numbers == [count])
        #expect(log.stop())
        #expect(log.health.written == count + 1)
    }

    @Test(
        "what was promised before the queue filled is kept all the same, and the excess is bounded by what was in flight"
    )
    func promisedBeforeFull() throws {
        let scratch = try Scratch()
        let pipe = try Pipe(scratch)
        let bound = 200_000
        let log = try AuditLog.toFile(scratch.path, queueBytesMax: bound)
        let journal = log.journal()
        let inFlight = Flights(journal, 50)
        var count = 0
        while count < 1_000_000, journal.record(count) {
            count += 1
            journal.handOver()
        }
        inFlight.end(numbersFrom: count)
        journal.handOver()
        #expect(journal.isRefused)
        #expect(log.health.queuedBytes <= bound + 51 * AuditRecord.bytesMax)
        #expect(try pipe.records(count + 50).numbers == Array(0..<(count + 50)))
        #expect(log.stop())
    }

    /// Tickets of requests in flight.
    private final class Flights {
        private final class One {
            var ticket: AuditTicket?
        }
        private var all: [One] = []
        init(_ journal: AuditJournal, _ count: Int) {
            for _ in 0..<count {
                let one = One()
                one.ticket = journal.open()
                all.append(one)
            }
        }
        func end(numbersFrom first: Int) {
            for (index, one) in all.enumerated() {
                if let ticket = one.ticket.take() { ticket.close(at: 0) { $0.add(.status, first + index) } }
            }
        }
    }

    @Test("a log whose reader has stopped reading lets the process end, and says that it did not end well")
    func stoppedWhileBlocked() throws {
        let scratch = try Scratch()
        let pipe = try Pipe(scratch)
        let log = try AuditLog.toFile(scratch.path, queueBytesMax: 200_000)
        let journal = log.journal()
        var count = 0
        while count < 1_000_000, journal.record(count) {
            count += 1
            journal.handOver()
        }
        #expect(!log.stop(within: 0))
        // The thread is still there; with a reader again it ends.
        #expect(try pipe.records(count).numbers == Array(0..<count))
        #expect(log.stop(within: 60))
    }

    @Test(
        "a disk that fills in the middle of a record ends with a whole one, and no record is lost or doubled once there is room",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"))
    func diskFillsUp() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch, freeBytes: 65_536)
        let path = "\(disk.folder)/audit.jsonl"
        let log = try AuditLog.toFile(path)
        let journal = log.journal()
        var count = 0
        while !log.isFailing, count < 100_000 {
            for _ in 0..<37 where journal.record(count) { count += 1 }
            journal.handOver()
            log.flush()
        }
        #expect(log.wait { log.isFailing })
        #expect(log.health.failure == "No space left on device")
        let kept = try scratch.records(path).numbers
        #expect(kept == Array(0..<kept.count))
        #expect(kept.count < count)
        try disk.makeRoom()
        #expect(log.wait { !log.isFailing })
        #expect(log.flush())
        #expect(log.stop())
        #expect(try scratch.records(path).numbers == Array(0..<count))
        #expect(log.health == AuditLog.Health(failure: nil, dropped: 0, written: count, lost: 0, queuedBytes: 0))
    }

    @Test(
        "when the full file is moved away and reopened, the record that had been begun is whole in the new one",
        .enabled(if: SmallDisk.isPossible, "needs the right to mount a tmpfs"))
    func movedAwayWhileFull() throws {
        let scratch = try Scratch()
        let disk = try SmallDisk(scratch, freeBytes: 65_536)
        let link = scratch.path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "\(disk.folder)/audit.jsonl")
        let log = try AuditLog.toFile(link)
        let journal = log.journal()
        var count = 0
        while !log.isFailing, count < 100_000 {
            for _ in 0..<37 where journal.record(count) { count += 1 }
            journal.handOver()
            log.flush()
        }
        try Self.freeDisk(scratch)
        log.reopen()
        #expect(log.wait { !log.isFailing })
        #expect(log.stop())
        let numbers = try scratch.records("\(disk.folder)/audit.jsonl").numbers + scratch.records(link).numbers
        #expect(numbers == Array(0..<count))
    }
}

/// A file system of a few pages, where the machine lets us make one. It has no place in the tree, so nothing of it
/// stays behind, even if the test is killed.
private final class SmallDisk {
    let folder: String
    private let descriptor: Int32

    static let isPossible: Bool = {
        guard getuid() == 0, let scratch = try? Scratch(), let disk = try? SmallDisk(scratch, freeBytes: 65_536) else {
            return false
        }
        return !disk.folder.isEmpty
    }()

    init(_ scratch: Scratch, freeBytes: Int) throws {
        let place = scratch.folder + "/disk"
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let fillerBytes = 1 << 20
        guard mount("tmpfs", place, "tmpfs", 0, "size=\(fillerBytes + freeBytes)") == 0 else { throw Scratch.Torn() }
        descriptor = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        umount2(place, 2)  // MNT_DETACH: it lives as long as it is open
        folder = "/proc/self/fd/\(descriptor)"
        guard descriptor >= 0 else { throw Scratch.Torn() }
        try Data(count: fillerBytes).write(to: URL(fileURLWithPath: "\(folder)/filler"))
    }

    func makeRoom() throws { try FileManager.default.removeItem(atPath: "\(folder)/filler") }

    deinit { close(descriptor) }
}
