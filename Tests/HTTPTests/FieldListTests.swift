import HTTP
import Testing

@Suite("Field lists")
struct FieldListTests {
    private func pairs(_ fields: FieldList) -> [String] {
        fields.entries.map { "\(fields.text($0.name))|\(fields.text($0.value))" }
    }

    @Test("fields keep their names, values and order")
    func order() {
        var fields = FieldList()
        fields.append("Via", "1.1 portcullis")
        fields.append("Content-Length", decimal: 42)
        fields.append("X-Empty", "")
        fields.append("Set-Cookie", Array("a=b".utf8))
        fields.append("x-text", "ä")
        fields.append(name: Array("X-Parts".utf8)) { value in
            value.append("one")
            value.append(UInt8(ascii: "/"))
            value.append(decimal: 2)
        }
        #expect(
            pairs(fields) == [
                "Via|1.1 portcullis", "Content-Length|42", "X-Empty|", "Set-Cookie|a=b", "x-text|ä", "X-Parts|one/2",
            ])
    }

    @Test("no octet of a line break is kept, in the list or in what is written of it")
    func noLineBreaks() {
        var fields = FieldList()
        fields.append("A", "b")
        fields.append("C", "d")
        #expect(!fields.bytes.contains(0x0D) && !fields.bytes.contains(0x0A))
        #expect(lines(fields) == Array("A: b\r\nC: d\r\n".utf8))
    }

    @Test("a value cannot become two lines")
    func injection() {
        var fields = FieldList()
        fields.append("X-Auth-Subject", Array("a\r\nX-Evil: b\u{0}\u{7F}c".utf8))
        fields.append("X:\r\nY", "d\ne")
        fields.append(name: Array("Z".utf8)) { $0.append("f\r\n\r\ng") }
        #expect(
            String(decoding: lines(fields), as: UTF8.self) == "X-Auth-Subject: aX-Evil: bc\r\nXY: de\r\nZ: fg\r\n")
    }

    @Test("a value that was checked when it was made enters lists as it is")
    func checkedValues() throws {
        let head = try read("GET / HTTP/1.1\r\nHost: A:8443\r\n\r\n")
        var digits = FieldValue(hexDigits: 32)
        digits.setHex(0x0123_4567_89AB_CDEF, at: 16)
        digits.setHex(1, at: 17)
        digits.setHex(1, at: -1)
        var others = FieldValue(hexDigits: 32)
        others.copy(digits)
        others.copy(FieldValue("of another length"))
        var fields = FieldList()
        fields.append("Checked", FieldValue("a\r\nX-Evil: b\u{0}\u{7F}\tä"))
        fields.append(name: Array("Digits".utf8), others)
        fields.append(
            "Pieces",
            checked: { value in
                value.append("00-")
                value.append(FieldValue("c\n"))
                value.append(decimal: -42)
                value.append(hex: 0xA1)
                value.appendAuthority(of: head)
            })
        #expect(
            pairs(fields) == [
                "Checked|aX-Evil: b\tä", "Digits|00000000000000000123456789abcdef", "Pieces|00-c-42a1a:8443",
            ])
        var written = ByteWriter()
        written.append(lines: fields)
        #expect(written.bytes == lines(fields))
    }

    @Test(
        "digits are written as they are read",
        arguments: [0, 1, 0x9A9A, 0x0123_4567_89AB_CDEF, .max, 0xF0F0_A9A9_0F0F_9A9A])
    func digits(number: UInt64) {
        var value = FieldValue(hexDigits: 18)
        value.setHex(number, at: 1)
        let digits = String(number, radix: 16)
        let expected = "0" + String(repeating: "0", count: 16 - digits.count) + digits + "0"
        #expect(String(decoding: value.octets, as: UTF8.self) == expected)
    }

    @Test("each octet that no value can hold is left out, wherever it stands among eight or more", arguments: 0..<20)
    func everyOctet(place: Int) {
        for octet in UInt8.min...UInt8.max {
            var value = Array("abcdefghijklmnopqrst".utf8)
            value[place] = octet
            var fields = FieldList()
            fields.append("A", value)
            let isControl = octet < 0x20 && octet != 0x09 || octet == 0x7F
            let expected = isControl ? value.count - 1 : value.count
            #expect(fields.entries[0].value.range.count == expected, "\(octet)")
        }
    }

    @Test("a name without an octet that a name can have makes no field")
    func noName() {
        var fields = FieldList()
        fields.append(": \r\n", "value")
        #expect(fields.isEmpty)
        #expect(fields.bytes.isEmpty)
    }

    @Test(
        "a field of a head is taken without the white space around its value",
        arguments: ["X-Y: z", "X-Y:z", "X-Y:  z ", "X-Y:\tz\t"])
    func ofHeads(_ line: String) throws {
        let head = try read("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\n\r\n")
        let answer = try readAnswer("HTTP/1.1 200 OK\r\n\(line)\r\n\r\n")
        var fields = FieldList()
        fields.append(head, head.fields[1])
        fields.append(answer, answer.fields[0])
        #expect(pairs(fields) == ["X-Y|z", "X-Y|z"])
    }

    @Test("a field of another head, whose octets are not there, is none")
    func ofAnotherHead() throws {
        let long = try read("GET / HTTP/1.1\r\nHost: a\r\nX-Y: a-long-value-that-the-other-does-not-have\r\n\r\n")
        let short = try read("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        var fields = FieldList()
        fields.append(short, long.fields[1])
        #expect(fields.isEmpty)
    }

    @Test("nothing of the last message is left in the next")
    func reuse() {
        var fields = FieldList()
        fields.append("X-Secret", "first")
        fields.clear()
        #expect(fields.isEmpty && fields.bytes.isEmpty)
        fields.append("A", "b")
        #expect(pairs(fields) == ["A|b"])
    }

    @Test("lines are written whole or not at all")
    func room() {
        var fields = FieldList()
        fields.append("A", "b")
        fields.append("C", "d")
        for room in 0...20 {
            let written = withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { memory in
                let count = fields.writeLines(to: memory)
                return Array(memory[..<count])
            }
            #expect(written == (room < 12 ? [] : Array("A: b\r\nC: d\r\n".utf8)))
        }
    }
}

@Suite("Heads for upstreams")
struct UpstreamRequestHeadTests {
    private func written(_ head: borrowing UpstreamRequestHead, room: Int? = nil) -> String {
        withUnsafeTemporaryAllocation(byteCount: room ?? head.http1BytesMax, alignment: 1) { memory in
            String(decoding: memory[..<head.writeHTTP1(to: memory)], as: UTF8.self)
        }
    }

    @Test(
        "a head is written anew from the pieces of another",
        arguments: [
            ("GET /%61 HTTP/1.1\r\nHost: A\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX-Y: z\r\n\r\n"),
            (
                "GET /a?b=/../c HTTP/1.1\r\nHost: A:80\r\n\r\n",
                "GET /a?b=/../c HTTP/1.1\r\nHost: a:80\r\nX-Y: z\r\n\r\n"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740993\r\nExpect: 100-continue\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740993\r\nExpect: 100-continue\r\nX-Y: z\r\n\r\n"
            ),
            (
                "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
                "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nX-Y: z\r\n\r\n"
            ),
            (
                "M-X / HTTP/1.1\r\nHost: [::1]:8443\r\nTransfer-Encoding: chunked\r\n\r\n",
                "M-X / HTTP/1.1\r\nHost: [::1]:8443\r\nTransfer-Encoding: chunked\r\nX-Y: z\r\n\r\n"
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Y: z\r\n\r\n"
            ),
        ])
    func http1(_ received: String, _ sent: String) throws {
        var head = UpstreamRequestHead()
        // What was there before is forgotten.
        head.begin(
            as: try read("DELETE /before HTTP/1.1\r\nHost: before:1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            upgrade: true)
        head.fields.append("Before", "1")
        head.begin(as: try read(received), upgrade: true)
        head.fields.append("X-Y", "z")
        #expect(written(head) == sent)
        #expect(written(head, room: head.http1BytesMax - 1) == "")
    }

    @Test("protocols to switch to go along only where the route allows it")
    func noUpgrade() throws {
        var head = UpstreamRequestHead()
        head.begin(
            as: try read("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
            upgrade: false)
        #expect(written(head) == "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(head.upgrade.isEmpty)
    }

    @Test("a codec for another version finds method, target and authority as values")
    func values() throws {
        var head = UpstreamRequestHead()
        head.begin(as: try read("GET /a?b HTTP/1.1\r\nHost: C:8443\r\n\r\n"), upgrade: false)
        #expect(String(decoding: head.methodText, as: UTF8.self) == "GET")
        #expect(String(decoding: head.target, as: UTF8.self) == "/a?b")
        #expect(String(decoding: head.authority, as: UTF8.self) == "c:8443")
        #expect(head.method == .get && head.framing == .none && !head.expectsContinue)
    }
}
