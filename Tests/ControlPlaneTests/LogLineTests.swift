import JSON
import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite("lines of the log")
struct LogLineTests {
    private static func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(time: "2026-12-01T00:41:33.123Z", level: .warning, message: message, metadata: metadata)
    }

    private static func text(_ line: LogLine, _ format: LogLine.Format) -> String {
        String(decoding: line.written(as: format), as: UTF8.self)
    }

    @Test("the message comes first, and what is no plain word has quotes")
    func plain() {
        let line = Self.line(
            "an endpoint is ejected", ["reason": "refused", "endpoint": "pair 127.0.0.1:1", "shown": ""])
        #expect(
            Self.text(line, .text)
                == "2026-12-01T00:41:33.123Z warning  an endpoint is ejected endpoint=\"pair 127.0.0.1:1\" reason=refused shown=\"\"\n"
        )
        #expect(
            Self.text(line, .json)
                == #"{"time":"2026-12-01T00:41:33.123Z","level":"warning","message":"an endpoint is ejected","endpoint":"pair 127.0.0.1:1","reason":"refused","shown":""}"#
                + "\n")
    }

    @Test(
        "an event is one line, whoever wrote parts of it",
        arguments: ["a\nb", "a\r\nlevel=error", "\u{1B}[31mred", "a\u{0}b", "\u{7F}", "a\u{2028}b"])
    func oneLine(hostile: String) throws {
        let line = Self.line("said \(hostile)", ["name": "\(hostile)", "level": "\(hostile)"])
        for format in [LogLine.Format.text, .json] {
            let octets = line.written(as: format)
            #expect(octets.filter { $0 == 0x0A }.count == 1 && octets.last == 0x0A)
            #expect(!octets.dropLast().contains { $0 < 0x20 || $0 == 0x7F })
        }
        let object = try #require(try JSON.parse(line.written(as: .json).dropLast()).object)
        #expect(object["name"]?.string == hostile && object["message"]?.string == "said \(hostile)")
        #expect(object["level"] == "warning" && object["level_"]?.string == hostile)
    }

    @Test(
        "a signal makes it say more, and the next one as much as before",
        arguments: [
            (Logger.Level.info, Logger.Level.debug), (.error, .debug), (.debug, .info), (.trace, .info),
        ])
    func toggled(configured: Logger.Level, other: Logger.Level) {
        let lines = Mutex([String]())
        let log = ProcessLog(format: .text, level: configured) { line in
            lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        var logger = log.logger
        logger[metadataKey: "issuer"] = "partner"
        #expect(log.level == configured)
        #expect(log.toggle() == other && logger.logLevel == other)
        logger.debug("detail", metadata: ["a": "b"])
        #expect(
            lines.withLock { $0.contains { $0.hasSuffix("debug    detail a=b issuer=partner\n") } } == (other == .debug)
        )
        #expect(log.toggle() == configured && logger.logLevel == configured)
    }
}
