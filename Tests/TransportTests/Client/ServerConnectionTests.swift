import HTTP
import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

/// HTTP/1.1 towards clients, octet by octet and second by second, without sockets or waiting.
@Suite("A client's connection")
struct ServerConnectionTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    private func answer(_ path: String, close: Bool = false) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\(close ? "Connection: close\r\n" : "")\r\n\(path)"
    }

    // MARK: Pipelining

    @Test("requests in one read are answered in their order")
    func pipelined() throws {
        let client = ClientHarness()
        try client.receive(
            "GET /a HTTP/1.1\r\nHost: h\r\n\r\nPOST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxyGET /c HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        #expect(try client.sent() == answer("/a") + answer("/b") + answer("/c"))
        #expect(
            client.heard == [
                "began /a", "ended complete 200", "began /b", "ended complete 200", "began /c", "ended complete 200",
            ])
        #expect(client.isOpen)
    }

    @Test("a request that comes octet by octet is one request")
    func octetByOctet() throws {
        let client = ClientHarness()
        for octet in Self.get { try client.receive(String(octet)) }
        #expect(try client.sent() == answer("/a"))
    }

    @Test("what is pipelined behind a request waits for its answer, however late that comes")
    func lateAnswer() throws {
        var late: Exchange?
        let client = ClientHarness { exchange in
            if late == nil { late = exchange } else { ClientHarness.answerAtOnce(exchange) }
        }
        try client.receive(Self.get + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.sent() == "")
        #expect(client.heard == ["began /a"])
        if let late { ClientHarness.answerAtOnce(late) }
        #expect(try client.sent() == answer("/a") + answer("/b"))
    }

    @Test("each connection makes what it contributes to its requests once")
    func oncePerConnection() throws {
        let client = ClientHarness()
        for _ in 0..<3 { try client.receive(Self.get) }
        #expect(client.delegates.connectionsOpened == 1)
    }

    // MARK: Bodies, and answers that come before them

    @Test("100 (Continue) is sent when the gateway itself wants the body")
    func expectContinue() throws {
        let client = ClientHarness { $0.collectBody() }
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.sent() == "HTTP/1.1 100 Continue\r\n\r\n")
        try client.receive("ab")
        #expect(client.heard.contains("collected ab"))
        #expect(try client.sent() == answer("collected"))
        #expect(client.isOpen)
    }

    @Test("an early answer to a client that waits for 100 ends the connection: its body may come or not")
    func earlyAnswerToExpect() throws {
        let client = ClientHarness()
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.sent() == answer("/a", close: true))
        #expect(!client.isOpen)
    }

    @Test("the small rest of a body after an early answer is dropped, and the next request read")
    func earlyAnswer() throws {
        let client = ClientHarness()
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab")
        #expect(try client.sent() == answer("/a"))
        try client.receive("cd" + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.sent() == answer("/b"))
    }

    @Test("a large rest is not waited for", arguments: ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
    func earlyAnswerToLargeBody(_ framing: String) throws {
        let client = ClientHarness()
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\n\(framing)\r\n\r\n")
        #expect(try client.sent() == answer("/a", close: true))
        #expect(!client.isOpen)
    }

    @Test(
        "a body that is too large is refused before it has all come",
        arguments: ["Content-Length: 8\r\n\r\nabcd", "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n"])
    func tooLarge(_ rest: String) throws {
        let client = ClientHarness { exchange in
            exchange.bodyBytesMax = 3
            exchange.collectBody()
        }
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\n" + rest)
        #expect(client.heard == ["began /a", "too large", "ended complete 413"])
        #expect(try client.sent().hasPrefix("HTTP/1.1 413 "))
        #expect(!client.isOpen)
    }

    @Test("a body whose chunks are malformed is refused, and nothing behind it is read")
    func malformedBody() throws {
        let client = ClientHarness { $0.collectBody() }
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + Self.get)
        #expect(client.heard == ["began /a", "body refused badChunk", "ended complete 400"])
        #expect(!client.isOpen)
    }

    @Test("what is not HTTP is refused once, and nothing behind it is read")
    func notHTTP() throws {
        let client = ClientHarness()
        try client.receive("nonsense\r\n\r\n" + Self.get)
        #expect(client.heard.count == 2 && client.heard.last == "ended complete 400")
        #expect(!client.isOpen)
    }

    // MARK: Time

    @Test("a connection on which nothing comes closes without an answer when its time is over")
    func idle() throws {
        let client = ClientHarness()
        client.pass(nanoseconds: .seconds(9))
        #expect(client.isOpen)
        client.pass(nanoseconds: .seconds(1))
        #expect(!client.isOpen)
        #expect(client.heard == [])
        #expect(try client.sent() == "")
    }

    @Test("between requests a connection is kept for longer")
    func keepAlive() throws {
        let client = ClientHarness()
        try client.receive(Self.get)
        client.pass(nanoseconds: .seconds(299))
        #expect(client.isOpen)
        client.pass(nanoseconds: .seconds(1))
        #expect(!client.isOpen)
        #expect(client.heard == ["began /a", "ended complete 200"])
    }

    @Test("the time of a head begins with its first octet, and later ones do not stop it")
    func slowHead() throws {
        let client = ClientHarness()
        try client.receive(Self.get)
        _ = try client.sent()
        client.pass(nanoseconds: .seconds(200))
        for octet in "GET / HTT" {
            try client.receive(String(octet))
            client.pass(nanoseconds: .seconds(1))
        }
        #expect(client.isOpen)
        client.pass(nanoseconds: .seconds(1))
        #expect(client.heard.suffix(2) == ["timed out", "ended complete 408"])
        #expect(try client.sent().hasPrefix("HTTP/1.1 408 "))
        #expect(!client.isOpen)
    }

    @Test("the time of a head goes on when its client takes its answers again")
    func slowHeadAfterBackPressure() throws {
        let client = ClientHarness()
        try client.receive("GET /b HTT")
        client.setWritable(false)
        try client.receive("P/1.1\r\n")
        #expect(client.isReadingPaused)
        client.setWritable(true)
        #expect(client.isReadingPaused == false)
        client.pass(nanoseconds: .seconds(9))
        #expect(client.isOpen)
        client.pass(nanoseconds: .seconds(1))
        #expect(client.heard == ["timed out", "ended complete 408"])
        #expect(!client.isOpen)
    }

    @Test("a body that stands still is given up, one that goes on is not")
    func slowBody() throws {
        let client = ClientHarness { $0.collectBody() }
        try client.receive("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n")
        for _ in 0..<5 {
            client.pass(nanoseconds: .seconds(29))
            try client.receive("x")
        }
        #expect(client.heard == ["began /a"])
        client.pass(nanoseconds: .seconds(30))
        #expect(client.heard == ["began /a", "timed out", "ended complete 408"])
        #expect(!client.isOpen)
    }

    @Test("while an answer is awaited no time of the client's runs")
    func awaited() throws {
        let client = ClientHarness { _ in }
        try client.receive(Self.get)
        client.pass(nanoseconds: .seconds(100_000))
        #expect(client.isOpen && client.heard == ["began /a"])
    }

    // MARK: Date

    @Test("every answer of the gateway is dated, by one line for all of a second")
    func dated() throws {
        let client = ClientHarness()
        client.loop.tellDate(unixSeconds: 784_111_777)
        try client.receive(Self.get + Self.get)
        let sent = try client.sentWithDates()
        #expect(sent.ranges(of: "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n").count == 2)
        client.loop.tellDate(unixSeconds: 784_111_778)
        try client.receive(Self.get)
        #expect(try client.sentWithDates().contains("\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\n"))
    }

    // MARK: A client that sends no more

    @Test(
        "a client that sends no more gets the answer that it waits for, and those of what it pipelined, and then the end"
    )
    func halfClosed() throws {
        var late: [Exchange] = []
        let client = ClientHarness { late.append($0) }
        try client.receive(Self.get + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n")
        client.closeWriting()
        #expect(client.isOpen && client.heard == ["began /a"])
        ClientHarness.answerAtOnce(late[0])
        #expect(try client.sent() == answer("/a"))
        #expect(client.isOpen)
        ClientHarness.answerAtOnce(late[1])
        #expect(try client.sent() == answer("/b"))
        client.pass(nanoseconds: HTTP1ServerState.lingerNanoseconds + 1)
        client.pass(nanoseconds: HTTP1ServerState.lingerNanoseconds + 1)
        #expect(client.heard == ["began /a", "ended complete 200", "began /b", "ended complete 200"])
        #expect(!client.isOpen)
    }

    @Test(
        "a client that sends no more in the middle of a request is gone",
        arguments: [
            ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx", ["began /a", "ended clientGone 0"]),
            (
                "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
                ["began /a", "ended clientGone 0"]
            ),
        ])
    func halfRequest(_ text: String, _ heard: [String]) throws {
        let client = ClientHarness { _ in }
        try client.receive(text)
        client.closeWriting()
        #expect(client.heard == heard)
        #expect(!client.isOpen)
    }

    @Test("a client that sends no more with half a head, or nothing, is let go", arguments: ["", "GET /a HT"])
    func halfHead(_ text: String) throws {
        let client = ClientHarness()
        try client.receive(Self.get + text)
        client.closeWriting()
        #expect(try client.sent() == answer("/a"))
        client.pass(nanoseconds: HTTP1ServerState.lingerNanoseconds + 1)
        client.pass(nanoseconds: HTTP1ServerState.lingerNanoseconds + 1)
        #expect(!client.isOpen)
        #expect(client.heard == ["began /a", "ended complete 200"])
    }

    // MARK: Ends

    @Test("a client that leaves before its answer is told to the delegate")
    func vanishes() throws {
        let client = ClientHarness { _ in }
        try client.receive(Self.get)
        client.vanish()
        #expect(client.heard == ["began /a", "ended clientGone 0"])
        #expect(client.loop.connections.count == 0)
    }

    @Test("a client that leaves between requests leaves no trace")
    func vanishesIdle() throws {
        let client = ClientHarness()
        try client.receive(Self.get)
        client.vanish()
        #expect(client.heard == ["began /a", "ended complete 200"])
    }

    @Test(
        "HTTP/1.0, and whoever asks for it, is closed after the answer",
        arguments: [
            "GET /a HTTP/1.0\r\nHost: h\r\n\r\n", "GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        ])
    func closes(_ request: String) throws {
        let client = ClientHarness()
        try client.receive(request)
        #expect(try client.sent() == answer("/a", close: true))
        #expect(!client.isOpen)
    }

    @Test("drain closes an idle connection after a moment, in which a request that was on its way is still answered")
    func drainIdle() throws {
        for sends in [false, true] {
            let client = ClientHarness()
            try client.receive(Self.get)
            _ = try client.sent()
            client.connection.drain(now: client.loop.now())
            client.pass(nanoseconds: .seconds(1))
            #expect(client.isOpen)
            if sends {
                try client.receive(Self.get)
                #expect(try client.sent() == answer("/a", close: true))
            } else {
                client.pass(nanoseconds: .seconds(1))
                #expect(try client.sent() == "")
            }
            #expect(!client.isOpen)
        }
    }

    @Test("drain lets a request that is under way be answered, and closes then")
    func drainBusy() throws {
        var late: Exchange?
        let client = ClientHarness { late = $0 }
        try client.receive(Self.get)
        client.connection.drain(now: client.loop.now())
        client.pass(nanoseconds: .seconds(60))
        #expect(client.isOpen)
        if let late { ClientHarness.answerAtOnce(late) }
        #expect(try client.sent() == answer("/a", close: true))
        #expect(!client.isOpen)
    }

    @Test("whoever is not done when the time of the drain is over is closed, and its record says why")
    func closedNow() throws {
        let client = ClientHarness { _ in }
        try client.receive(Self.get)
        client.connection.closeNow()
        client.eventLoop.run()
        #expect(client.heard == ["began /a", "ended shutDown 0"])
        #expect(!client.isOpen && client.loop.connections.count == 0)
    }

    @Test("a client that does not take its answers has no more requests read, until it does")
    func slowReader() throws {
        let client = ClientHarness()
        client.setWritable(false)
        try client.receive(Self.get)
        #expect(client.heard == [] && client.isReadingPaused)
        client.setWritable(true)
        #expect(try client.sent() == answer("/a"))
        #expect(client.isReadingPaused == false)
    }

    @Test("a client that never takes its answers is given up")
    func neverReads() throws {
        let client = ClientHarness()
        client.setWritable(false)
        try client.receive(Self.get)
        client.pass(nanoseconds: .seconds(30))
        #expect(!client.isOpen && client.heard == [])
    }
}
