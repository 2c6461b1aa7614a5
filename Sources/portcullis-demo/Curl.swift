import Foundation

/// A real client: the curl of the machine, one process for each request.
enum Curl {
    struct Answer: Sendable {
        var status: Int
        var fields: [(name: String, value: String)]
        var body: String

        func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    static var path: String? {
        ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"].first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// Runs curl with its head output in front, and takes the answer apart.
    static func run(_ arguments: [String]) throws -> Answer {
        guard let path else { throw Demonstration.Failure(description: "curl is not installed") }
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--silent", "--show-error", "--include", "--max-time", "10"] + arguments
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Demonstration.Failure(description: "curl ended with status \(process.terminationStatus)")
        }
        return parse(String(decoding: data, as: UTF8.self))
    }

    private static func parse(_ text: String) -> Answer {
        let end = text.range(of: "\r\n\r\n")
        let head = end.map { String(text[..<$0.lowerBound]) } ?? text
        let lines = head.components(separatedBy: "\r\n")
        let status = lines.first.flatMap { $0.split(separator: " ").dropFirst().first }.flatMap { Int($0) } ?? 0
        let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            return (String(line[..<colon]), line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        }
        return Answer(status: status, fields: fields, body: end.map { String(text[$0.upperBound...]) } ?? "")
    }
}
