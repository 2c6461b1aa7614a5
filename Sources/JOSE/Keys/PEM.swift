/// One PEM block with its label (RFC 7468 §2), for keys that come from files.
struct PEM {
    let label: String
    let octets: [UInt8]

    /// Octets of a file at most.
    static let bytesMax = 65_536

    /// Reads exactly one block; text around it is ignored, a second block is refused.
    init(_ text: String) throws(KeyError) {
        guard text.utf8.count <= Self.bytesMax else { throw .badPEM }
        var label: String?
        var body: [UInt8] = []
        var isClosed = false
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = Self.trimmed(line)
            if let begun = Self.label(line, after: "-----BEGIN ") {
                guard label == nil else { throw .badPEM }
                label = begun
            } else if let ended = Self.label(line, after: "-----END ") {
                guard let label, label == ended, !isClosed else { throw .badPEM }
                isClosed = true
            } else if label != nil, !isClosed {
                body.append(contentsOf: line)
            }
        }
        guard let label, isClosed, let octets = Self.base64(body) else { throw .badPEM }
        self.label = label
        self.octets = octets
    }

    init(label: String, octets: [UInt8]) {
        self.label = label
        self.octets = octets
    }

    var text: String {
        var body: [UInt8] = []
        Base64URL.append(octets.span, to: &body)
        for index in body.indices {
            if body[index] == UInt8(ascii: "-") { body[index] = UInt8(ascii: "+") }
            if body[index] == UInt8(ascii: "_") { body[index] = UInt8(ascii: "/") }
        }
        while body.count % 4 != 0 { body.append(UInt8(ascii: "=")) }
        var lines = "-----BEGIN \(label)-----\n"
        var rest = body[...]
        while !rest.isEmpty {
            lines += String(decoding: rest.prefix(64), as: UTF8.self) + "\n"
            rest = rest.dropFirst(64)
        }
        return lines + "-----END \(label)-----\n"
    }

    private static func trimmed(_ line: Substring.UTF8View) -> [UInt8] {
        Array(line.drop { $0 == 0x20 || $0 == 0x09 }.reversed().drop { $0 == 0x20 || $0 == 0x09 }.reversed())
    }

    private static func label(_ line: [UInt8], after prefix: String) -> String? {
        let dashes = Array("-----".utf8)
        let prefix = Array(prefix.utf8)
        guard line.starts(with: prefix), line.count > prefix.count + dashes.count, Array(line.suffix(5)) == dashes
        else {
            return nil
        }
        return String(validating: line[prefix.count..<(line.count - dashes.count)], as: UTF8.self)
    }

    /// base64 with padding (RFC 4648 §4), canonical.
    private static func base64(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
        guard padding <= 2 else { return nil }
        var bare: [UInt8] = []
        bare.reserveCapacity(text.count)
        for octet in text.dropLast(padding) {
            switch octet {
            case UInt8(ascii: "+"): bare.append(UInt8(ascii: "-"))
            case UInt8(ascii: "/"): bare.append(UInt8(ascii: "_"))
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: bare.append(octet)
            }
        }
        return Base64URL.decode(bare.span)
    }
}
