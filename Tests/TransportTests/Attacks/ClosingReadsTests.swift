import HTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

@Suite("Attacks: clients that go on writing after their last answer")
struct ClosingReadsTests {
    private typealias Budget = ClosingReads.Budget

    @Test("the rest of an ordinary upload waits for nothing")
    func ordinaryUpload() {
        var budget = Budget()
        var read = 0
        while read < 4_000_000 {
            guard budget.takeRead(now: 1) else { break }
            budget.dropped(32_768)
            read += 32_768
        }
        #expect(read >= 4_000_000)
    }

    @Test(
        "in a second no more is read than in a second's budget and what was saved up, however small or large the reads",
        arguments: [1, 100, 16_384, 32_768])
    func bounded(_ octetsPerRead: Int) {
        var budget = Budget()
        var (octets, reads) = (0, 0)
        for microsecond in 0..<100_000 {
            for _ in 0..<3 where budget.takeRead(now: 1_000_000_000 + Int64(microsecond) * 10_000) {
                budget.dropped(octetsPerRead)
                octets += octetsPerRead
                reads += 1
            }
        }
        let most = Int(Budget.octetsPerSecond + Budget.octetsSavedMax)
        #expect(octets <= most + octetsPerRead && reads <= most / Int(Budget.octetsPerRead) + 1)
        #expect(reads * max(octetsPerRead, Int(Budget.octetsPerRead)) >= most * 9 / 10, "and no less")
    }

    @Test("a clock that stands still or goes back gives nothing, and one that leaps no more than a second's")
    func clock() {
        var budget = Budget()
        while budget.takeRead(now: 5_000_000_000) {}
        #expect(!budget.takeRead(now: 5_000_000_000) && !budget.takeRead(now: 1_000_000_000))
        var reads: Int64 = 0
        while budget.takeRead(now: .max) { reads += 1 }
        #expect(reads == Budget.octetsSavedMax / Budget.octetsPerRead)
    }

    @Test("are read from in their turn, for as long as their connection lingers, and cost nobody else a read")
    func inTurn() throws {
        let client = ClientHarness { $0.answer(status: 404, fields: FieldList(), body: [], close: true) }
        let reads = ReadCounter()
        try client.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        try client.receive("GET /1 HTTP/1.1\r\nHost: a.example\r\n\r\n")
        #expect(try client.sent().hasPrefix("HTTP/1.1 404"))
        // As much as it likes, until it has to wait.
        var dropped = 0
        while dropped < 100 << 20 {
            let before = reads.count
            client.channel.pipeline.read()
            guard reads.count > before else { break }
            try client.channel.writeInbound(ByteBuffer(repeating: 0x78, count: 32_768))
            dropped += 32_768
        }
        #expect(dropped >= 4 << 20 && dropped <= 5 << 20)
        let before = reads.count
        client.loop.timeOfTest = client.loop.now() + 10_000_000
        client.eventLoop.advanceTime(by: .milliseconds(10))
        #expect(reads.count == before + 1, "one read for the one that was asked for")
        #expect(client.isOpen)
        client.pass(nanoseconds: HTTP1ServerState.lingerNanoseconds + 1)
        #expect(!client.isOpen)
    }
}

/// A socket that counts reads and, unlike a channel in memory, is still there when it will be written to no more.
private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}
