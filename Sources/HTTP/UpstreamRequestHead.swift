/// The head of a request as it goes to an upstream: values, which the codec of the upstream's connection writes in its own
/// way, as lines in HTTP/1.1, or as fields that begin with a colon in HTTP/2 (RFC 9113 §8.3.1).
///
/// Used again for other requests without allocating. Not copyable: whoever reads it borrows it.
package struct UpstreamRequestHead: ~Copyable, Sendable {
    /// The client's own.
    package private(set) var method = Method.other
    /// How the body is delimited: `none`, `length` or `chunked`.
    package private(set) var framing = BodyFraming.none
    /// The client waits for 100 (Continue).
    package private(set) var expectsContinue = false
    /// Everything but what says how the message is delimited and what concerns one connection only: that is the codec's.
    package var fields = FieldList()

    private var octets = ByteWriter()
    private var methodEnd = 0
    private var targetEnd = 0
    private var authorityEnd = 0
    private var upgradeEnd = 0

    package init() {}

    /// Takes over what was judged of a client's request (method, normalised path, query, host and port) and leaves the
    /// fields empty.
    /// - Parameter upgrade: the protocols that the client offers to switch to go along.
    package mutating func begin(as head: borrowing RequestHead, upgrade: Bool) {
        octets.clear()
        fields.clear()
        method = head.method
        framing = head.framing
        expectsContinue = head.expectsContinue
        octets.append(head, head.methodText)
        methodEnd = octets.count
        octets.append(head, head.path)
        if let query = head.query {
            octets.append("?")
            octets.append(head, query)
        }
        targetEnd = octets.count
        octets.appendAuthority(of: head)
        authorityEnd = octets.count
        if upgrade, let protocols = head.upgrade { octets.append(head, protocols) }
        upgradeEnd = octets.count
    }

    /// The body is another one than the client's, and as long as this: whole, so nobody waits for leave to send it.
    package mutating func replaceBody(bytes: Int) {
        framing = .length(bytes)
        expectsContinue = false
    }

    /// The method as the client wrote it.
    package var methodText: ArraySlice<UInt8> { octets.bytes[0..<methodEnd] }
    /// Path and query.
    package var target: ArraySlice<UInt8> { octets.bytes[methodEnd..<targetEnd] }
    /// Host and port as the client named them.
    package var authority: ArraySlice<UInt8> { octets.bytes[targetEnd..<authorityEnd] }
    /// The protocols to switch to; empty: none.
    package var upgrade: ArraySlice<UInt8> { octets.bytes[authorityEnd..<upgradeEnd] }

    /// The upstream may answer with 101 (Switching Protocols).
    package var offersUpgrade: Bool { upgradeEnd > authorityEnd }

    /// How many octets `writeHTTP1` writes at most.
    package var http1BytesMax: Int { octets.count &+ fields.lineBytes &+ Self.http1FixedBytesMax }
    /// The request line's rest, `Host`, framing, `Connection`, `Upgrade`, `Expect` and the empty line.
    private static let http1FixedBytesMax = 256

    /// Writes the head as HTTP/1.1 has it (RFC 9112 §3), with one framing field, and returns how many octets it has;
    /// nothing where there is no room for `http1BytesMax`.
    package func writeHTTP1(to out: UnsafeMutableRawBufferPointer) -> Int {
        guard out.count >= http1BytesMax else { return 0 }
        var line = LineWriter(out)
        octets.bytes.withUnsafeBytes { octets in
            line.append(octets, 0..<methodEnd)
            line.append(" ")
            line.append(octets, methodEnd..<targetEnd)
            line.append(" HTTP/1.1\r\nHost: ")
            line.append(octets, targetEnd..<authorityEnd)
            line.append("\r\n")
            switch framing {
            case .length(let length):
                line.append("Content-Length: ")
                line.append(decimal: length)
                line.append("\r\n")
            case .chunked:
                line.append("Transfer-Encoding: chunked\r\n")
            case .none, .untilClose, .tunnel:
                break
            }
            if offersUpgrade {
                line.append("Connection: Upgrade\r\nUpgrade: ")
                line.append(octets, authorityEnd..<upgradeEnd)
                line.append("\r\n")
            }
            if expectsContinue { line.append("Expect: 100-continue\r\n") }
        }
        line.place &+= fields.writeLines(to: UnsafeMutableRawBufferPointer(rebasing: out[line.place...]))
        line.append("\r\n")
        return line.place
    }
}

/// Copies pieces one behind the other into memory whose size was checked before.
private struct LineWriter {
    private let out: UnsafeMutableRawBufferPointer
    var place = 0

    init(_ out: UnsafeMutableRawBufferPointer) { self.out = out }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(UnsafeRawBufferPointer($0), 0..<$0.count) }
    }

    mutating func append(_ octets: UnsafeRawBufferPointer, _ range: Range<Int>) {
        guard let base = out.baseAddress, let source = octets.baseAddress, range.upperBound <= octets.count,
            out.count &- place >= range.count
        else { return }
        (base + place).copyMemory(from: source + range.lowerBound, byteCount: range.count)
        place &+= range.count
    }

    mutating func append(decimal number: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = 20
        var rest = number.magnitude
        repeat {
            start &-= 1
            digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0 && start > 0
        digits.span.withUnsafeBytes { append($0, start..<20) }
    }
}
