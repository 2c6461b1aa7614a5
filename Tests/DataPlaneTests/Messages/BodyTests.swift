import GatewayTesting
import JSON
import Testing

@Suite("bodies")
struct BodyTests {
    @Test(
        "of requests arrive whole, in the framing they came in", arguments: [0, 1, 8_192, 65_536, 3_000_000],
        [false, true])
    func requests(count: Int, chunked: Bool) async throws {
        try await DataPlaneHarness.run { harness in
            let client = try harness.gateway.client()
            for _ in 0..<2 {
                #expect(
                    try await client.post("\(harness.gateway.url)/", .pattern(count, chunked: chunked)).status == 200)
            }
            for request in harness.upstream.requests {
                #expect(request.bodySHA256 == OctetPattern.sha256(count: count))
                #expect(request.value("transfer-encoding") == (chunked ? "chunked" : nil))
                #expect(request.value("content-length") == (chunked ? nil : "\(count)"))
            }
            #expect(harness.upstream.requests.count == 2)
            #expect(harness.upstream.connectionsAccepted == 1)
        }
    }

    @Test(
        "of answers arrive whole, in the framing they came in", arguments: [0, 1, 8_192, 65_536, 3_000_000],
        [false, true])
    func answers(count: Int, chunked: Bool) async throws {
        try await DataPlaneHarness.run(.pattern(count, chunked: chunked)) { harness in
            let client = try harness.gateway.client()
            for number in 0..<2 {
                let answer = try await client.get("\(harness.gateway.url)/")
                #expect(answer.bodySHA256 == OctetPattern.sha256(count: count))
                #expect(answer.value("transfer-encoding") == (chunked ? "chunked" : nil))
                #expect(answer.value("content-length") == (chunked ? nil : "\(count)"))
                #expect(answer.connectCount == (number == 0 ? 1 : 0))
            }
            #expect(harness.upstream.connectionsAccepted == 1)
        }
    }

    @Test("in chunks are chunked anew, without the extensions")
    func rechunking() async throws {
        try await DataPlaneHarness.run { harness in
            let chunks = "1;name=value\r\nh\r\n003\r\nell\r\nB;a=\"b;c\"\r\no, chunked \r\n5\r\nworld\r\n0;last\r\n\r\n"
            let client = try await harness.gateway.rawClient()
            for size in [chunks.utf8.count, 1] {
                try await client.write(Ask.head("POST", "/", ["Transfer-Encoding: chunked"]))
                let octets = Array(chunks.utf8)
                try await client.write(
                    stride(from: 0, to: octets.count, by: size).map { Array(octets[$0...].prefix(size)) })
                #expect(try await client.readAnswer().status == 200)
            }
            #expect(harness.upstream.requests.map(\.text) == ["hello, chunked world", "hello, chunked world"])
        }
    }

    @Test("end with their trailers, but with none that speaks of framing, routing or identity")
    func trailers() async throws {
        let bad = [
            ("Content-Length", "3"), ("Authorization", "Bearer x"), ("Host", "evil"), ("X-Auth-Subject", "admin"),
            ("X_Auth_Subject", "admin"),
        ]
        let trailers = [HeaderField("X-Checksum", "abc")] + bad.map { HeaderField($0.0, $0.1) }
        try await DataPlaneHarness.run(
            .chunked(
                ["hello", " ", "world"], trailers: [HeaderField("X-Sum", "def"), HeaderField("Content-Length", "3")])
        ) { harness in
            let client = try harness.gateway.client()
            let answer = try await client.post(
                "\(harness.gateway.url)/", .chunked(Array("body".utf8), trailers: trailers))
            #expect(answer.text == "hello world")
            #expect(answer.trailers == [HeaderField("X-Sum", "def")])
            let request = try await harness.upstream.requests(atLeast: 1)[0]
            #expect(request.text == "body")
            #expect(request.trailers == [HeaderField("X-Checksum", "abc")])
        }
    }

    struct Bodiless: Sendable, CustomTestStringConvertible {
        var method = "GET"
        var answer: String
        var length: String?
        var testDescription: String { "\(method): \(answer.debugDescription)" }
    }

    @Test(
        "are not awaited where there is none",
        arguments: [
            Bodiless(method: "HEAD", answer: "200 OK\r\nContent-Length: 12345", length: "12345"),
            Bodiless(method: "HEAD", answer: "200 OK\r\nTransfer-Encoding: chunked"),
            Bodiless(method: "HEAD", answer: "200 OK"),
            Bodiless(method: "HEAD", answer: "404 Not Found\r\nContent-Length: 3", length: "3"),
            Bodiless(answer: "204 No Content"),
            Bodiless(answer: "204 No Content\r\nContent-Length: 0"),
            Bodiless(answer: "304 Not Modified\r\nContent-Length: 77", length: "77"),
            Bodiless(answer: "304 Not Modified\r\nETag: \"x\""),
            Bodiless(answer: "200 OK\r\nContent-Length: 0", length: "0"),
        ])
    func none(_ shape: Bodiless) async throws {
        try await DataPlaneHarness.run(.answer(), paths: ["/none": .says("HTTP/1.1 \(shape.answer)\r\n\r\n")]) {
            harness in
            let client = try await harness.sending(Ask.head(shape.method, "/none") + Ask.get("/next"))
            let answer = try await client.readAnswer(to: shape.method)
            #expect(answer.body == [])
            #expect(answer.value("content-length") == shape.length)
            #expect(try await client.readAnswer().text == "hello\n")
            #expect(harness.upstream.connectionsAccepted == 1)
        }
    }

    @Test(
        "that end with the connection become chunks for HTTP/1.1, and end with it for HTTP/1.0",
        arguments: [false, true], [true, false])
    func untilClose(oldClient: Bool, hasLength: Bool) async throws {
        let script: UpstreamScript =
            hasLength ? .chunked(["hello", " world"]) : .raw("HTTP/1.1 200 OK\r\n\r\nhello world")
        try await DataPlaneHarness.run(script) { harness in
            let client = try await harness.sending(
                "GET / HTTP/1.\(oldClient ? 0 : 1)\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            let (answers, ending) = try await client.readToEnd()
            #expect(answers.map(\.text) == ["hello world"])
            #expect(answers.first?.isComplete == true)
            #expect(answers.first?.value("transfer-encoding") == (oldClient ? nil : "chunked"))
            #expect(answers.first?.value("content-length") == nil)
            #expect(ending == .closed)
        }
    }

    @Test("of answers that are cut off below TLS are not taken for whole")
    func cutOff() async throws {
        try await DataPlaneHarness.run(.steps(.readBody, .write(Array("HTTP/1.1 200 OK\r\n\r\nhello".utf8)), .cutOff)) {
            harness in
            for version in ["1.0", "1.1"] {
                let client = try await harness.sending("GET / HTTP/\(version)\r\nHost: localhost\r\n\r\n")
                let (answers, ending) = try await client.readToEnd()
                #expect(answers.count == 1)
                #expect(ending != .closed)
                if version == "1.1" { #expect(answers.first?.isComplete == false) }
            }
        }
    }

    @Test("above the route's bound are refused, told or counted", arguments: [false, true])
    func tooLarge(chunked: Bool) async throws {
        try await DataPlaneHarness.run(
            .reflect, change: { $0.routes = $0.routes.replacing("body_max: unlimited", with: "body_max: 1KiB") }
        ) { harness in
            let body = String(repeating: "x", count: 2_000)
            let request =
                chunked
                ? Ask.head("POST", "/", ["Transfer-Encoding: chunked"])
                    + "3e8\r\n\(body.prefix(1_000))\r\n3e8\r\n\(body.prefix(1_000))\r\n0\r\n\r\n"
                : Ask.post("/", body)
            let client = try await harness.sending(request)
            #expect(try await client.readAnswer().status == 413)
            #expect(harness.upstream.requests.allSatisfy { !$0.isComplete })
            // A connection that was made too late to be used waits for another request.
            if !harness.upstream.requests.isEmpty { try await harness.upstreamIsLeft() }
            let record = try await harness.gateway.auditRecord(where: "code", is: "body_too_large")
            #expect(record["status"] == 413)
            #expect(try harness.gateway.auditRecords().count == 1)
        }
    }
}
