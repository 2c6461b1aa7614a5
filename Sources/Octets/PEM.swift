/// One PEM block with its label (RFC 7468 §2), for keys that come from files.
package struct PEM: Sendable {
    /// What the block says it holds, such as `PRIVATE KEY`.
    package let label: String
    /// What it holds.
    package let octets: [UInt8]

    /// Octets of a file at most.
    package static let bytesMax = 65_536

    /// Reads exactly one block; text around it is ignored. nil: there is none, it is damaged, or there are two.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.bytesMax else { return nil }
        var label: String?
        var body: [UInt8] = []
        var isClosed = false
        for line in text.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            let line = Self.trimmed(line)
            if let begun = Self.label(line, after: "-----BEGIN ") {
                guard label == nil else { return nil }
                label = begun
            } else if let ended = Self.label(line, after: "-----END ") {
                guard let label, label == ended, !isClosed else { return nil }
                isClosed = true
            } else if label != nil, !isClosed {
                body.append(contentsOf: line)
            }
        }
        guard let label, isClosed, let octets = Base64.decode(body) else { return nil }
        self.label = label
        self.octets = octets
    }

    /// A block to be written.
    package init(label: String, octets: [UInt8]) {
        self.label = label
        self.octets = octets
    }

    /// The block, in lines of 64 characters.
    package var text: String {
        var lines = "-----BEGIN \(label)-----\n"
        var rest = Base64.encode(octets)[...]
        while !rest.isEmpty {
            lines += rest.prefix(64) + "\n"
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
}
