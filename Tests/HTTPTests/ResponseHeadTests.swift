import HTTP
import Testing

@Suite("Answers' heads")
struct ResponseHeadTests {
    @Test("an answer is understood")
    func understood() throws {
        let head = try readAnswer("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nX: y\r\n\r\n")
        #expect(head.status == 404)
        #expect(head.keepAlive)
        #expect(head.text(head.fields[1].value) == "y")
        #expect(try head.framing(answering: .get) == .length(3))
    }

    @Test(
        "the body is framed by status, method and fields (RFC 9112 §6.3)",
        arguments: [
            ("200 OK", "Content-Length: 3\r\n", Method.get, BodyFraming.length(3)),
            ("200 OK", "Content-Length: 3\r\n", .head, .none),
            ("200 OK", "Transfer-Encoding: chunked\r\n", .get, .chunked),
            ("200 OK", "Transfer-Encoding: chunked\r\n", .head, .none),
            ("200 OK", "", .get, .untilClose),
            ("204 No Content", "", .get, .none), ("204 No Content", "Content-Length: 3\r\n", .get, .none),
            ("304 Not Modified", "Content-Length: 3\r\n", .get, .none),
            ("304 Not Modified", "Transfer-Encoding: chunked\r\n", .get, .none),
            ("100 Continue", "", .post, .none), ("101 Switching Protocols", "", .get, .tunnel),
            ("500 Oops", "Content-Length: 0\r\n", .get, .length(0)),
        ])
    func framing(_ status: String, _ fields: String, _ method: Method, _ framing: BodyFraming) throws {
        #expect(try readAnswer("HTTP/1.1 \(status)\r\n\(fields)\r\n").framing(answering: method) == framing)
    }

    @Test(
        "white space before a colon is passed over (RFC 9112 §5.1), and the name is known without it",
        arguments: [
            ("X: y", "X", "y"), ("X : y", "X", "y"), ("X \t :y", "X", "y"), ("X :", "X", ""),
            ("X :  y z ", "X", "y z"),
        ])
    func spaceBeforeColon(_ line: String, _ name: String, _ value: String) throws {
        let text = "HTTP/1.1 200 OK\r\n\(line)\r\nContent-Length \t: 3\r\n\r\n"
        let head = try readAnswer(text)
        #expect(head.text(head.fields[0].name) == name)
        #expect(head.text(head.fields[0].value) == value)
        #expect(try head.framing(answering: .get) == .length(3))
        var writer = ByteWriter()
        for field in head.fields { writer.appendField(head, field) }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "\(name): \(value)\r\nContent-Length: 3\r\n")
        let octets = latin1(text)
        #expect(answerOutcome(octets, ends: 1...octets.count) == answerOutcome(octets, ends: [octets.count]))
    }

    @Test(
        "an answer that could be read in two ways is refused",
        arguments: [
            ("HTTP/1.1 200 OK\nContent-Length: 3\n\n", HeadError.bareLineEnd),
            ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", .obsoleteFolding),
            ("HTTP/1.1 200 OK\r\n: y\r\n\r\n", .badFieldName), ("HTTP/1.1 200 OK\r\nX y: z\r\n\r\n", .badFieldName),
            ("HTTP/1.1 200 OK\r\nX \r\n\r\n", .badFieldName), ("HTTP/1.1 200 OK\r\n X: y\r\n\r\n", .obsoleteFolding),
            ("HTTP/1.1 200 O\u{0}K\r\n\r\n", .badStatusLine),
            ("HTTP/1.1  200 OK\r\n\r\n", .badStatusLine), ("HTTP/1.1 20 OK\r\n\r\n", .badStatusLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .badStatusLine), ("HTTP/1.1 600 X\r\n\r\n", .badStatusLine),
            ("HTTP/1.1 099 X\r\n\r\n", .badStatusLine), ("HTTP/1.1 -20 X\r\n\r\n", .badStatusLine),
            ("HTTP/2.0 200 OK\r\n\r\n", .unsupportedVersion), ("HTTP/1.1\r\n\r\n", .badStatusLine),
            ("ICY 200 OK\r\n\r\n", .badStatusLine), ("\r\nHTTP/1.1 200 OK\r\n\r\n", .badStatusLine),
            ("SSH-2.0-OpenSSH_9.2\r\n", .badStatusLine), ("HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n", .badConnection),
        ])
    func refused(_ text: String, _ error: HeadError) {
        let octets = latin1(text)
        #expect(answerOutcome(octets, ends: [octets.count]) == .refused(error))
        #expect(answerOutcome(octets, ends: 1...octets.count) == .refused(error))
    }

    @Test(
        "a body that could be read in two ways is refused; without a body it does not matter, but the connection ends",
        arguments: [
            ("HTTP/1.1", "Content-Length: 3\r\nTransfer-Encoding: chunked", HeadError.lengthAndTransferEncoding),
            ("HTTP/1.1", "Content-Length : 3\r\nTransfer-Encoding\t: chunked", .lengthAndTransferEncoding),
            ("HTTP/1.1", "Transfer-Encoding: gzip", .badTransferEncoding),
            ("HTTP/1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked", .transferEncodingInHTTP10),
            ("HTTP/1.1", "Content-Length : 3\r\nContent-Length: 4", .repeatedContentLength),
            ("HTTP/1.1", "Content-Length: 3, 4", .repeatedContentLength),
            ("HTTP/1.1", "Content-Length: 3,", .badContentLength),
            ("HTTP/1.1", "Content-Length: ,3", .badContentLength),
            ("HTTP/1.1", "Content-Length: 3 3", .badContentLength),
            ("HTTP/1.1", "Content-Length: -3", .badContentLength),
            ("HTTP/1.1", "Content-Length:", .badContentLength),
            ("HTTP/1.1", "Content-Length: 3\r\nContent-Length: x", .badContentLength),
        ])
    func twoFramings(_ version: String, _ fields: String, _ error: HeadError) throws {
        let head = try readAnswer("\(version) 200 OK\r\n\(fields)\r\n\r\n")
        #expect(throws: error) { try head.framing(answering: .get) }
        #expect(try head.framing(answering: .head) == .none)
        #expect(!head.keepsAlive(answering: .head) && head.lengthOfAbsentBody == nil)
        let unmodified = try readAnswer("\(version) 304 Not Modified\r\n\(fields)\r\n\r\n")
        #expect(try unmodified.framing(answering: .get) == .none)
        #expect(!unmodified.keepsAlive(answering: .get))
    }

    @Test(
        "equal lengths are one (RFC 9112 §6.3)",
        arguments: [
            "Content-Length: 3\r\nContent-Length: 3", "Content-Length: 3,3", "Content-Length: 3 ,\t3",
            "Content-Length: 03, 3\r\nContent-Length: 3",
        ])
    func equalLengths(_ fields: String) throws {
        let head = try readAnswer("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n")
        #expect(try head.framing(answering: .get) == .length(3))
        #expect(head.keepsAlive(answering: .get) && head.lengthOfAbsentBody == 3)
    }

    @Test(
        "204 ends with its head, whatever it says of a body, and then the connection ends, too",
        arguments: [
            ("", true), ("Content-Length: 0\r\n", true), ("Content-Length: 3\r\n", false),
            ("Transfer-Encoding: chunked\r\n", false),
        ])
    func noContent(_ fields: String, _ keepsAlive: Bool) throws {
        let head = try readAnswer("HTTP/1.1 204 No Content\r\n\(fields)\r\n")
        #expect(try head.framing(answering: .get) == .none)
        #expect(head.keepsAlive(answering: .get) == keepsAlive)
    }

    @Test("chunks with an interim status are refused: the next head would be expected where they are")
    func interimChunks() throws {
        let head = try readAnswer("HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(throws: HeadError.transferEncodingWithoutBody) { try head.framing(answering: .get) }
    }

    @Test("a bad line is refused when it is whole, as a request's is")
    func unfinishedLine() {
        let octets = latin1("HTTP/1.1 200 OK\r\nX y: z")
        #expect(answerOutcome(octets, ends: [octets.count]) == .unfinished)
        #expect(answerOutcome(octets + latin1("\r\n"), ends: [octets.count + 2]) == .refused(.badFieldName))
    }

    @Test("fields are compared by octets, by names in either case, and by names that are taken for one another")
    func comparisons() throws {
        let answer = try readAnswer("HTTP/1.1 200 OK\r\nConnection: x-one\r\nX_One: Aa\r\nX-One: b\r\n\r\n")
        let request = try read("GET / HTTP/1.1\r\nHost: a\r\nX-One: Aa\r\n\r\n")
        #expect(answer.fields.map { answer.isNominatedByConnection($0) } == [false, false, true])
        #expect(answer.fields.map { answer.isNamed($0, folded: Array("x-one".utf8)) } == [false, true, true])
        for (octets, equals, matches) in [
            ("Aa", true, false), ("aa", false, true), ("a", false, false), ("ab", false, false),
        ] {
            let value = answer.fields[1].value
            #expect(answer.equals(value, Array(octets.utf8)) == equals)
            #expect(request.equals(request.fields[1].value, Array(octets.utf8)) == equals)
            #expect(answer.matches(value, Array(octets.utf8)) == matches)
            #expect(request.matches(request.fields[1].value, Array(octets.utf8)) == matches)
        }
        #expect(answer.matches(answer.fields[2].name, "x-one"))
        #expect(!answer.matches(answer.fields[1].name, "x-one"))
    }

    @Test("the reason may be missing, with its space or without", arguments: ["200", "200 ", "200 \u{E9}t\u{E9}"])
    func reasons(_ status: String) throws {
        let octets = latin1("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
        #expect(answerOutcome(octets, ends: [octets.count]).error == nil)
    }

    @Test("the connection is kept by version and Connection")
    func keepAlive() throws {
        #expect(try readAnswer("HTTP/1.1 200 OK\r\n\r\n").keepAlive)
        #expect(try !readAnswer("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").keepAlive)
        #expect(try !readAnswer("HTTP/1.0 200 OK\r\n\r\n").keepAlive)
        #expect(try readAnswer("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n").keepAlive)
    }
}
