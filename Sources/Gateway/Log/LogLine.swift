import JSON
import Logging

/// One event of the log as one line, whatever is in it.
struct LogLine {
    /// How lines are written.
    enum Format: String {
        /// For people: time, level, message, then `key=value`; values with other characters than those of words in quotes.
        case text
        /// For programs: an object on each line.
        case json
    }

    /// RFC 3339, UTC.
    let time: String
    let level: Logger.Level
    let message: String
    let metadata: Logger.Metadata

    func written(as format: Format) -> [UInt8] {
        switch format {
        case .text: text
        case .json: json
        }
    }

    private var fields: [(key: String, value: String)] {
        metadata.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    }

    private var text: [UInt8] {
        // The longest level, so that messages stand in one column.
        let column = level.rawValue.padding(to: 8)
        var line = Array("\(time) \(column) ".utf8)
        line += Self.escaped(message)
        for (key, value) in fields {
            line += Array(" \(key)=".utf8)
            if !value.isEmpty, value.utf8.allSatisfy(Self.isPlain) {
                line += Array(value.utf8)
            } else {
                JSONText.appendEscaped(value, to: &line)
            }
        }
        line.append(0x0A)
        return line
    }

    /// The names of the event itself; metadata of such a name gets `_` behind it.
    private static let names: Set<String> = ["time", "level", "message"]

    private var json: [UInt8] {
        var line: [UInt8] = [UInt8(ascii: "{")]
        func add(_ key: String, _ value: String) {
            if line.count > 1 { line.append(UInt8(ascii: ",")) }
            JSONText.appendEscaped(key, to: &line)
            line.append(UInt8(ascii: ":"))
            JSONText.appendEscaped(value, to: &line)
        }
        add("time", time)
        add("level", level.rawValue)
        add("message", message)
        for (key, value) in fields { add(Self.names.contains(key) ? key + "_" : key, value) }
        line += [UInt8(ascii: "}"), 0x0A]
        return line
    }

    /// Of a message, which is ours but for parts such as a finding's: as it stands, but on one line, and without what a terminal
    /// would obey.
    private static func escaped(_ message: String) -> [UInt8] {
        guard message.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return Array(message.utf8) }
        var out = ""
        for scalar in message.unicodeScalars {
            switch scalar {
            case "\n": out += "\\n"
            case let control where control.value < 0x20 || control.value == 0x7F:
                out += "\\u{" + String(control.value, radix: 16) + "}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return Array(out.utf8)
    }

    /// Needs no quotes.
    private static func isPlain(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "/"),
            UInt8(ascii: "@"),
            UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "+"), UInt8(ascii: "%"):
            true
        default: false
        }
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - utf8.count))
    }
}
