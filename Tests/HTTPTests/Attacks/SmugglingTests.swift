import HTTP
import Testing

@Suite("Request smuggling")
struct SmugglingTests {
    @Test("a request that two servers could read differently is refused", arguments: SmugglingShape.all)
    func refused(_ shape: SmugglingShape) {
        let octets = latin1(shape.text)
        #expect(outcome(octets, ends: [octets.count]) == .refused(shape.expected))
    }

    @Test("it is refused for the same reason when it comes octet by octet", arguments: SmugglingShape.all)
    func refusedOctetByOctet(_ shape: SmugglingShape) {
        let octets = latin1(shape.text)
        #expect(outcome(octets, ends: 1...octets.count) == .refused(shape.expected))
    }

    @Test(
        "a control character is found wherever it stands in a value",
        arguments: [0x00, 0x08, 0x0A, 0x0D, 0x1F, 0x7F] as [UInt8])
    func controls(_ control: UInt8) {
        let start = latin1("GET / HTTP/1.1\r\nHost: a\r\nX: ")
        for length in 1...70 {
            for position in 0..<length {
                // What stands around it must not hide it, nor be taken for it.
                for filler: UInt8 in [0x20, 0x7E, 0x80, 0xFF, 0x09] {
                    var value = [UInt8](repeating: filler, count: length)
                    let good = start + value + latin1("\r\n\r\n")
                    if position == 0, outcome(good, ends: [good.count]).error != nil {
                        Issue.record("\(filler) x \(length)")
                    }
                    value[position] = control
                    let bad = start + value + latin1("\r\n\r\n")
                    let error = outcome(bad, ends: [bad.count]).error
                    if error != .badFieldValue && error != .bareLineEnd {
                        Issue.record("\(control) at \(position) of \(length)")
                    }
                }
            }
        }
    }

    @Test("no octet that a value may have is taken for a control character, whatever stands beside it")
    func neighbours() {
        let allowed: [UInt8] = [0x09, 0x20, 0x21, 0x7E, 0x80, 0x9F, 0xFE, 0xFF]
        for one in allowed {
            for other in allowed {
                let value = [0x61] + Array(repeating: [one, other], count: 20).joined() + [0x61]
                let octets = latin1("GET / HTTP/1.1\r\nHost: a\r\nX: ") + value + latin1("\r\n\r\n")
                #expect(outcome(octets, ends: [octets.count]).error == nil, "\(one) and \(other)")
            }
        }
    }

    @Test("there are enough shapes, and each has a name of its own")
    func enough() {
        #expect(SmugglingShape.all.count >= 60)
        #expect(Set(SmugglingShape.all.map(\.name)).count == SmugglingShape.all.count)
    }

    @Test("a framing field spelled with an underscore or a dot frames nothing and is marked irregular")
    func irregularFraming() throws {
        let head = try read("POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\nTransfer.Encoding: chunked\r\n\r\n")
        #expect(head.framing == .none)
        #expect(head.fields.map(\.irregular) == [false, true, true])
        #expect(head.fields.map(\.known) == [.host, .other, .other])
    }

    @Test(
        "a name that begins like a framing field is not one",
        arguments: ["Content-Lengt", "Content-Lengthx", "Content-Lengtg", "Transfer-Encodin", "Hos", "Hostt"])
    func lookalikes(_ name: String) throws {
        let head = try read("POST / HTTP/1.1\r\nHost: a\r\n\(name): 5\r\n\r\n")
        #expect(head.fields[1].known == .other)
        #expect(head.framing == .none)
    }

    @Test("every error has a status, a word and a sentence")
    func errors() {
        for error in HeadError.allCases {
            #expect([400, 414, 417, 431, 501, 505].contains(error.status))
            #expect(error.code.utf8CodeUnitCount > 0)
            #expect("\(error.reason)".hasSuffix("."))
        }
        #expect(HeadError.tooManyFields.status == 431)
        #expect(HeadError.lengthAndTransferEncoding.code.description == "bad_framing")
    }
}

@Suite("Oversized heads")
struct OversizedHeadTests {
    private func head(fields: String) -> [UInt8] { Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8) }

    @Test("a head of exactly the bound is read, one octet more is refused")
    func bound() {
        let limits = HeadLimits()
        let empty = head(fields: "X: \r\n").count
        let whole = head(fields: "X: \(String(repeating: "a", count: limits.headBytesMax - empty))\r\n")
        #expect(whole.count == limits.headBytesMax)
        #expect(outcome(whole, ends: [whole.count]).error == nil)
        let more = head(fields: "X: \(String(repeating: "a", count: limits.headBytesMax - empty + 1))\r\n")
        #expect(outcome(more, ends: [more.count]) == .refused(.headTooLarge))
        #expect(outcome(more, ends: [more.count - 1, more.count]) == .refused(.headTooLarge))
    }

    @Test("a head that has reached the bound without an end is refused at once")
    func endless() {
        let octets = head(fields: "X: \(String(repeating: "a", count: 20_000))")
        #expect(outcome(octets, ends: stride(from: 1, through: 16_384, by: 7)) == .unfinished)
        #expect(outcome(octets, ends: [16_383]) == .unfinished)
        #expect(outcome(octets, ends: [16_384]) == .refused(.headTooLarge))
    }

    @Test("an endless request line is refused with 414")
    func endlessLine() {
        let octets = Array("GET /\(String(repeating: "a", count: 20_000))".utf8)
        #expect(outcome(octets, ends: [octets.count]) == .refused(.targetTooLong))
        #expect(outcome(Array(repeating: 0x41, count: 20_000), ends: [100, 20_000]) == .refused(.targetTooLong))
    }

    @Test("a target of exactly the bound is read, one octet more is refused")
    func target() {
        func line(_ count: Int) -> [UInt8] {
            Array("GET /\(String(repeating: "a", count: count - 1)) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        }
        #expect(outcome(line(8_192), ends: [line(8_192).count]).error == nil)
        #expect(outcome(line(8_193), ends: [line(8_193).count]) == .refused(.targetTooLong))
    }

    @Test("a hundred fields are read, one more is refused")
    func fieldCount() {
        let lines = (1...99).map { "X-\($0): y\r\n" }.joined()
        let most = head(fields: lines)
        #expect(outcome(most, ends: [most.count]).error == nil)
        let more = head(fields: lines + "Z: z\r\n")
        #expect(outcome(more, ends: [more.count]) == .refused(.tooManyFields))
    }

    @Test("empty fields count as well")
    func emptyFields() {
        let octets = head(fields: String(repeating: "a:\r\n", count: 200))
        #expect(outcome(octets, ends: [octets.count]) == .refused(.tooManyFields))
    }
}
