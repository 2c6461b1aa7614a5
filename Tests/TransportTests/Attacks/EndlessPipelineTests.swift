import HTTP
import NIOCore
import Testing

@testable import Transport

/// A client that writes requests without waiting for their answers (RFC 9112 §9.3.2 allows it) must take neither the loop
/// from others nor memory that grows.
@Suite("A client that pipelines without end")
struct EndlessPipelineTests {
    private static func get(_ number: Int) -> String { "GET /\(number) HTTP/1.1\r\nHost: h\r\n\r\n" }
    private static func requests(_ count: Int) -> String { (1...count).map(get).joined() }

    @Test("is read from until enough waits, and again when most of it is answered")
    func bounded() throws {
        var late: Exchange?
        let client = ClientHarness { late = $0 }
        try client.receive(Self.get(0))
        #expect(client.isReadingPaused == false)
        let count = HTTP1ServerState.pipelineBytesMax / Self.get(1_000).utf8.count + 1
        try client.receive((1_000..<(1_000 + count)).map(Self.get).joined())
        #expect(client.isReadingPaused)
        var resumedAfter = 0
        for answered in 1...count where client.isReadingPaused {
            ClientHarness.answerAtOnce(try #require(late))
            client.turn()
            resumedAfter = answered
        }
        #expect(resumedAfter > count / 3 && resumedAfter < count * 2 / 3)
        #expect(client.heard.filter { $0.hasPrefix("began") }.count == resumedAfter + 1)
    }

    @Test("has each request answered once and in order, however they lie in its reads", arguments: [1, 7, 100, 5_000])
    func inOrder(_ size: Int) throws {
        let client = ClientHarness()
        let octets = Array(Self.requests(200).utf8)
        for start in stride(from: 0, to: octets.count, by: size) {
            try client.receive(String(decoding: octets[start..<min(start + size, octets.count)], as: UTF8.self))
        }
        for _ in 0..<200 { client.turn() }
        #expect(client.heard.filter { $0.hasPrefix("began") } == (1...200).map { "began /\($0)" })
        #expect(try client.sent().split(separator: "HTTP/1.1 200 OK").count == 200)
        #expect(client.isReadingPaused == false && client.isOpen)
    }

    @Test("has a few requests begun in one read, and then some in each turn of the loop")
    func takesTurns() throws {
        let client = ClientHarness()
        try client.receive(Self.requests(100))
        func begun() -> Int { client.heard.filter { $0.hasPrefix("began") }.count }
        #expect(begun() == HTTP1ServerState.pipelinedAtOnceMax)
        client.turn()
        #expect(begun() == HTTP1ServerState.pipelinedAtOnceMax + PipelineTurns.requestsMax)
    }

    @Test(
        "is closed when it goes on although it is not read from: its end makes the loop read all that the socket holds")
    func readAtItsEnd() throws {
        let client = ClientHarness { _ in }
        let read = Self.requests(1_000)
        try client.receive(read + read)
        #expect(client.isReadingPaused)
        var reads = 0
        while client.isOpen, reads < 100 {
            try client.receive(read)
            reads += 1
        }
        #expect(reads == HTTP1ServerState.pausedBytesMax / read.utf8.count + 1)
        #expect(client.heard.last == "ended clientGone 0")
    }

    @Test("keeps what comes late of a body that it has announced, within a bound of the connection and of the loop")
    func lateOctets() throws {
        for (announced, most) in [
            ("Content-Length: 100000000", LateOctets.connectionMax),
            ("Transfer-Encoding: chunked", LateOctets.connectionMax),
        ] {
            let client = ClientHarness { _ in }
            try client.receive("POST / HTTP/1.1\r\nHost: a.example\r\n\(announced)\r\n\r\n")
            client.connection.pauseReading()
            var arrived = 0
            let chunk = "8000\r\n" + String(repeating: "x", count: 32_768) + "\r\n"
            while client.isOpen, arrived < 2 * most {
                try client.receive(chunk)
                arrived += chunk.utf8.count
            }
            #expect(!client.isOpen && arrived > most && arrived <= most + 2 * chunk.utf8.count)
        }
    }

    @Test("has room for so many late octets as the loop may hold, and again when their time is over")
    func lateRoom() {
        let late = LateOctets()
        var taken = 0
        while late.take(LateOctets.connectionMax) { taken += 1 }
        #expect(taken == LateOctets.octetsMax / LateOctets.connectionMax)
        late.give(back: LateOctets.connectionMax)
        #expect(late.take(LateOctets.connectionMax) && !late.take(1))
    }

    @Test("has no further request begun while too much of its answers waits to be taken")
    func doesNotRead() {
        var state = HTTP1ServerState(limits: HeadLimits())
        state.opened(now: 0, TransportTimeouts())
        var said: [Bool] = []
        said.append(state.roomForPipelined(unsentBytes: HTTP1ServerState.unsentBytesMax))
        said.append(state.isWaiting)
        #expect(said == [true, false])
        said = [state.roomForPipelined(unsentBytes: HTTP1ServerState.unsentBytesMax + 1)]
        said.append(state.isWaiting)
        #expect(said == [false, true])
        said = [state.takeRoom(isWritable: false), state.takeRoom(isWritable: true)]
        said.append(state.isWaiting)
        #expect(said == [false, true, false])
    }

    @Test("leaves nothing behind when it goes in the middle")
    func leaves() throws {
        let client = ClientHarness()
        try client.receive(Self.requests(100))
        client.vanish()
        for _ in 0..<10 { client.turn() }
        #expect(client.heard.filter { $0.hasPrefix("began") }.count == HTTP1ServerState.pipelinedAtOnceMax)
        #expect(client.connection.leftover == nil)
    }

    @Test("is closed behind the request that says so, and nothing further is begun")
    func closes() throws {
        let client = ClientHarness()
        try client.receive(
            Self.requests(10) + "GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + Self.requests(10))
        for _ in 0..<10 { client.turn() }
        #expect(client.heard.filter { $0.hasPrefix("began") }.count == 11)
        #expect(!client.isOpen)
    }

    @Test("has its body of one-octet chunks handed on in one part for each read")
    func smallChunks() throws {
        var decoder = ChunkedDecoder()
        var octets = ByteBuffer(string: String(repeating: "1\r\nx\r\n", count: 1_000) + "2\r\ny")
        let first = try decoder.nextPart(&octets)
        #expect(first.part?.readableBytes == 1_001 && first.hasEnded == false && octets.readableBytes == 0)
        octets = ByteBuffer(string: "z\r\n0\r\n\r\nGET")
        let last = try decoder.nextPart(&octets)
        #expect(last.part.map { String(buffer: $0) } == "z" && last.hasEnded && String(buffer: octets) == "GET")
    }
}
