/// A reply of an SMTP server (RFC 5321 §4.2): a code, and lines of text.
struct SMTPReply: Sendable, Equatable {
    let code: Int
    /// Of each line what stands behind the code, visible ASCII only.
    let lines: [String]

    var isPositive: Bool { (200..<400).contains(code) }
    /// It makes no sense to try again.
    var isPermanent: Bool { code >= 500 }

    /// For logs.
    var summary: String { String("\(code) \(lines.first ?? "")".prefix(160)) }
}

/// Cuts what comes from a server into replies.
struct SMTPReplyReader {
    /// Octets of a reply at most; one of a server has some hundred.
    static let bytesMax = 16_384
    private var buffer: [UInt8] = []

    /// What is no reply, or too long.
    struct Malformed: Error {}

    /// Whether octets have come that belong to no reply yet.
    var hasMore: Bool { !buffer.isEmpty }

    mutating func append(_ octets: [UInt8]) throws(Malformed) {
        guard buffer.count + octets.count <= Self.bytesMax else { throw Malformed() }
        buffer += octets
    }

    /// nil: it is not whole yet.
    mutating func next() throws(Malformed) -> SMTPReply? {
        var lines: [String] = []
        var code: Int?
        var start = 0
        while let end = buffer[start...].firstIndex(of: 0x0A) {
            var line = buffer[start..<end]
            if line.last == 0x0D { line = line.dropLast() }
            start = end + 1
            guard line.count >= 3, line.prefix(3).allSatisfy({ (0x30...0x39).contains($0) }),
                let number = Int(String(decoding: line.prefix(3), as: UTF8.self)), (200...599).contains(number),
                code == nil || code == number
            else { throw Malformed() }
            code = number
            let rest = line.dropFirst(3)
            guard let mark = rest.first ?? UInt8(exactly: 0x20), mark == 0x20 || mark == UInt8(ascii: "-") else {
                throw Malformed()
            }
            lines.append(String(decoding: rest.dropFirst().filter { (0x20...0x7E).contains($0) }, as: UTF8.self))
            if mark == 0x20 {
                buffer.removeFirst(start)
                return SMTPReply(code: number, lines: lines)
            }
        }
        return nil
    }
}
