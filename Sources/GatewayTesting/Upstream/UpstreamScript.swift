/// One thing that a test upstream does with a request.
package enum UpstreamStep: Sendable {
    /// Reads the rest of the body.
    case readBody
    /// Reads so many octets of the body, and then no more until a later step does.
    case readBodyOctets(Int)
    /// These octets, as they are: heads are not checked.
    case write([UInt8])
    /// Writes so many octets of `OctetPattern`, from its beginning.
    case writePattern(Int)
    /// The same, in chunks of 16 KiB, without the last chunk.
    case writePatternInChunks(Int)
    /// Writes one octet at a time, with a pause after each.
    case drip([UInt8], pause: Duration)
    /// Waits until the test calls `open(gate:)`, so that a test decides when something happens without any clock.
    case waitForGate(String)
    /// Does nothing until the other side goes away or the server stops.
    case hang
    /// Sends back whatever comes until the other side closes its half, then closes.
    case echoOctets
    /// Closes in good order.
    case close
    /// Closes the connection without TLS' close_notify.
    case cutOff
    /// Closes the socket as it is, as a process that ends does: what was not read makes a reset of it.
    case closeUnread
    /// Breaks the connection off (RST).
    case reset
}

/// What a test upstream does with requests to a path. After the last step the body is read to its end, and the
/// connection serves another request, unless a step closed it.
package struct UpstreamScript: Sendable {
    let steps: @Sendable (UpstreamRequest) -> [UpstreamStep]

    /// Decides for each request when its head is there; its body is not yet.
    package init(_ steps: @escaping @Sendable (UpstreamRequest) -> [UpstreamStep]) { self.steps = steps }

    /// The same steps for each request.
    package static func steps(_ steps: UpstreamStep...) -> UpstreamScript { UpstreamScript { _ in steps } }

    // MARK: Good answers

    /// Reads the body and answers with Content-Length; no body for HEAD, 204 and 304.
    package static func answer(_ status: Int = 200, fields: [HeaderField] = [], _ text: String = "hello\n")
        -> UpstreamScript
    {
        UpstreamScript { request in [.readBody, .write(ok(request, status, fields, text))] }
    }

    /// Answers with the head that it received, as the body.
    package static let reflect = UpstreamScript { request in
        [.readBody, .write(ok(request, 200, [], String(decoding: request.head.octets, as: UTF8.self)))]
    }

    /// Reads the body, answers in chunks, and ends with trailers.
    package static func chunked(_ chunks: [String], fields: [HeaderField] = [], trailers: [HeaderField] = [])
        -> UpstreamScript
    {
        UpstreamScript { _ in
            let announced =
                trailers.isEmpty ? [] : [HeaderField("Trailer", trailers.map(\.name).joined(separator: ", "))]
            var octets = head(200, [HeaderField("Transfer-Encoding", "chunked")] + announced + fields)
            for chunk in chunks { octets += Array("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n".utf8) }
            octets += Array("0\r\n\(trailers.map { "\($0)\r\n" }.joined())\r\n".utf8)
            return [.readBody, .write(octets)]
        }
    }

    /// Answers with so many octets of `OctetPattern`, with Content-Length or in chunks.
    package static func pattern(_ count: Int, chunked: Bool = false) -> UpstreamScript {
        UpstreamScript { _ in
            if chunked {
                [
                    .readBody, .write(head(200, [HeaderField("Transfer-Encoding", "chunked")])),
                    .writePatternInChunks(count), .write(Array("0\r\n\r\n".utf8)),
                ]
            } else {
                [.readBody, .write(head(200, [HeaderField("Content-Length", "\(count)")])), .writePattern(count)]
            }
        }
    }

    /// 1xx answers first, then a normal one.
    package static func informational(_ statuses: [Int]) -> UpstreamScript {
        UpstreamScript { request in
            [.readBody] + statuses.map { .write(head($0, [])) } + [.write(ok(request, 200, [], "hello\n"))]
        }
    }

    /// 101, then everything that comes is sent back.
    package static func upgradeEcho(protocol name: String = "websocket") -> UpstreamScript {
        .steps(.write(head(101, [HeaderField("Connection", "Upgrade"), HeaderField("Upgrade", name)])), .echoOctets)
    }

    // MARK: Early and late answers

    /// Answers as soon as the head is there; then reads the body, or closes.
    package static func early(_ status: Int, thenReadsBody: Bool) -> UpstreamScript {
        UpstreamScript { request in
            let fields = thenReadsBody ? [] : [HeaderField("Connection", "close")]
            return [.write(ok(request, status, fields, "early\n")), thenReadsBody ? .readBody : .close]
        }
    }

    /// A normal answer, one octet at a time.
    package static func drip(_ text: String, pause: Duration) -> UpstreamScript {
        UpstreamScript { request in [.readBody, .drip(ok(request, 200, [], text), pause: pause)] }
    }

    /// A normal answer, once the test opens the gate.
    package static func gated(_ gate: String, _ text: String = "hello\n") -> UpstreamScript {
        UpstreamScript { request in [.readBody, .waitForGate(gate), .write(ok(request, 200, [], text))] }
    }

    // MARK: Faults

    /// Reads the request and never answers.
    package static let hang = UpstreamScript.steps(.readBody, .hang)
    /// Never reads the body, and never answers.
    package static let hangUnread = UpstreamScript.steps(.hang)
    /// Reads the request, and closes the connection.
    package static let closeBeforeAnswer = UpstreamScript.steps(.readBody, .close)
    /// Reads the request, and resets the connection.
    package static let resetBeforeAnswer = UpstreamScript.steps(.readBody, .reset)

    /// Promises more octets than it sends, and closes.
    package static func closeMidBody(promised: Int, sent: Int) -> UpstreamScript {
        .steps(
            .readBody, .write(head(200, [HeaderField("Content-Length", "\(promised)")])), .writePattern(sent), .close)
    }

    /// Closes between two chunks.
    package static let closeMidChunks = UpstreamScript.steps(
        .readBody, .write(head(200, [HeaderField("Transfer-Encoding", "chunked")])),
        .write(Array("5\r\nhello\r\n".utf8)), .close)

    /// Octets that the test chooses, such as an answer with bad framing; then the connection closes or stays open.
    package static func raw(_ text: String, closes: Bool = true) -> UpstreamScript {
        UpstreamScript { _ in [.readBody, .write(Array(text.utf8))] + (closes ? [.close] : []) }
    }

    /// A head of about so many octets.
    package static func oversizedHead(octets: Int) -> UpstreamScript {
        UpstreamScript { _ in
            let fields = (0..<(octets / 1_024 + 1)).map {
                HeaderField("X-Fill-\($0)", String(repeating: "x", count: 1_000))
            }
            return [.readBody, .write(head(200, fields + [HeaderField("Content-Length", "0")])), .close]
        }
    }

    // MARK: Octets of answers

    /// A head in octets. Says nothing of framing but what `fields` say.
    package static func head(_ status: Int, _ fields: [HeaderField]) -> [UInt8] {
        Array("HTTP/1.1 \(status) Kit\r\n\(fields.map { "\($0)\r\n" }.joined())\r\n".utf8)
    }

    private static func ok(_ request: UpstreamRequest, _ status: Int, _ fields: [HeaderField], _ text: String)
        -> [UInt8]
    {
        let mayHaveLength = status >= 200 && status != 204
        let length = mayHaveLength && status != 304 ? [HeaderField("Content-Length", "\(text.utf8.count)")] : []
        let hasBody = mayHaveLength && status != 304 && request.method != "HEAD"
        return head(status, length + fields) + (hasBody ? Array(text.utf8) : [])
    }
}
