/// A header field as it stood on the wire, without the white space around its value.
package struct HeaderField: Sendable, Equatable, CustomStringConvertible {
    /// In the case in which it stood there.
    package let name: String
    /// Empty where nothing stood there.
    package let value: String
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
    package var description: String { "\(name): \(value)" }
}

extension Sequence where Element == HeaderField {
    /// The values of all fields of that name, whatever its letter case, in their order.
    package func values(_ name: String) -> [String] {
        let name = name.lowercased()
        return filter { $0.name.lowercased() == name }.map(\.value)
    }

    /// The first value.
    package func value(_ name: String) -> String? { values(name).first }
}

/// The head of an HTTP/1 message as the kit reads it: with eyes of its own, not the gateway's, and with a list of
/// everything in it that RFC 9112 does not allow.
package struct MessageHead: Sendable {
    /// As it arrived, with the empty line at the end.
    package let octets: [UInt8]
    /// The request line or the status line.
    package let startLine: String
    package let fields: [HeaderField]
    /// What RFC 9112 does not allow; empty for a good head.
    package let violations: [String]

    init(_ octets: [UInt8]) {
        self.octets = octets
        var violations: [String] = []
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        for octet in octets {
            guard octet == 0x0A else {
                line.append(octet)
                continue
            }
            if line.last == 0x0D { line.removeLast() } else { violations.append("bare LF") }
            lines.append(line)
            line = []
        }
        if lines.contains(where: { $0.contains(0x0D) }) { violations.append("bare CR") }
        startLine = String(decoding: lines.first ?? [], as: UTF8.self)
        var fields: [HeaderField] = []
        for line in lines.dropFirst() where !line.isEmpty {
            if line[0] == 0x20 || line[0] == 0x09 { violations.append("folded line") }
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
                violations.append("line without a name: \(String(decoding: line, as: UTF8.self))")
                continue
            }
            let name = line[..<colon]
            if !name.allSatisfy(Self.isTokenOctet) {
                violations.append("bad name: \(String(decoding: name, as: UTF8.self))")
            }
            if line[colon...].contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
                violations.append("control character")
            }
            let isSpace = { (octet: UInt8) in octet == 0x20 || octet == 0x09 }
            let value = line[(colon + 1)...].drop(while: isSpace).reversed().drop(while: isSpace).reversed()
            fields.append(HeaderField(String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        let lengths = fields.values("content-length")
        let codings = fields.values("transfer-encoding")
        if lengths.count > 1 { violations.append("Content-Length \(lengths.count) times") }
        if !lengths.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) {
            violations.append("Content-Length is not a number")
        }
        if !lengths.isEmpty, !codings.isEmpty { violations.append("Content-Length and Transfer-Encoding") }
        if codings.count > 1 || codings.contains(where: { $0.lowercased() != "chunked" }) {
            violations.append("Transfer-Encoding is not chunked, once")
        }
        self.fields = fields
        self.violations = violations
    }

    /// RFC 9110 §5.6.2
    private static func isTokenOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
        }
    }

    /// The field's first value, whatever the case of its name; nil: there is none.
    package func value(_ name: String) -> String? { fields.value(name) }
    /// Of all its occurrences, in their order.
    package func values(_ name: String) -> [String] { fields.values(name) }

    /// The start line's words: method, target, version; or version, status and reason.
    var words: [String] {
        startLine.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    }
}

/// How the body of a message ends (RFC 9112 §6.3).
enum WireFraming: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
    case untilClose

    init(request head: MessageHead) {
        if head.value("transfer-encoding") != nil {
            self = .chunked
        } else if let length = head.value("content-length").flatMap({ Int($0) }), length > 0 {
            self = .length(length)
        } else {
            self = .none
        }
    }

    init(status: Int, answering method: String, _ head: MessageHead) {
        if method == "HEAD" || status < 200 || status == 204 || status == 304 {
            self = .none
        } else if head.value("transfer-encoding") != nil {
            self = .chunked
        } else if let length = head.value("content-length").flatMap({ Int($0) }) {
            self = length > 0 ? .length(length) : .none
        } else {
            self = .untilClose
        }
    }
}
