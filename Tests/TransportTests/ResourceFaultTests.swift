import Glibc
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Transport

@Suite("What this machine lacks for connections")
struct ResourceFaultTests {
    @Test("is counted each time, told once in a minute, and an alarm for a minute")
    func told() {
        let told = Mutex<[String]>([])
        let faults = ResourceFaults { kind, count in told.withLock { $0.append("\(kind.rawValue) \(count)") } }
        let begin: Int64 = 5_000_000_000
        #expect(faults.status(now: begin).alarm == nil)
        for step in 0..<100 { faults.note(.processDescriptors, now: begin + Int64(step)) }
        #expect(told.withLock { $0 } == ["process_descriptors 1"])
        #expect(faults.status(now: begin + 200).count == 100)
        #expect(faults.status(now: begin + 200).alarm == .processDescriptors)
        let later = begin + ResourceFaults.intervalNanoseconds + 200
        #expect(faults.status(now: later).alarm == nil)
        faults.note(.memory, now: later)
        #expect(told.withLock { $0 } == ["process_descriptors 1", "memory 101"])
        #expect(faults.status(now: later).alarm == .memory)
    }

    @Test(
        "is told from what is the other side's fault",
        arguments: [
            (EMFILE, .processDescriptors), (ENFILE, .machineDescriptors), (ENOBUFS, .memory), (ENOMEM, .memory),
            (EADDRNOTAVAIL, .localPorts), (ECONNREFUSED, nil), (ECONNRESET, nil), (EHOSTUNREACH, nil), (ETIMEDOUT, nil),
        ] as [(CInt, ResourceFaults.Kind?)])
    func kinds(code: CInt, kind: ResourceFaults.Kind?) {
        #expect(ResourceFaults.Kind(IOError(errnoCode: code, reason: "test")) == kind)
        #expect(ResourceFaults.Kind(ChannelError.eof) == nil)
    }

    @Test(
        "is not the endpoint's fault, whenever it is found: while a connection is made, or in the middle of a request",
        arguments: [
            (EMFILE, "no_resources"), (ENFILE, "no_resources"), (ENOBUFS, "no_resources"), (ENOMEM, "no_resources"),
            (EADDRNOTAVAIL, "no_resources"), (ECONNREFUSED, "refused"), (ECONNRESET, "reset"),
        ] as [(CInt, String)], [0, 1, 2])
    func blame(_ row: (code: CInt, failure: String), moment: Int) throws {
        let harness = UpstreamHarness()
        let delegate = harness.ask()
        let upstream = try #require(harness.upstreams.first)
        let error = IOError(errnoCode: row.code, reason: "test")
        switch moment {
        case 0: upstream.refuse(error)
        case 1:
            try upstream.accept()
            upstream.fails(error)
        default:
            try upstream.accept()
            try upstream.says("HTTP/1.1 100 Continue\r\n\r\n")
            upstream.fails(error)
        }
        harness.endTurn()
        #expect(delegate.failure == row.failure)
        #expect(harness.loop.faults.status(now: harness.loop.now()).count == (row.failure == "no_resources" ? 1 : 0))
    }
}
