import Foundation
import Glibc
import JSON

/// A real browser without a window: Debian's chromium, driven through chromedriver (W3C WebDriver) with curl.
final class Browser: Sendable {
    static let chromium = "/usr/bin/chromium"
    static let driver = "/usr/bin/chromedriver"

    static var isInstalled: Bool { [chromium, driver].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) } }

    private let process: Int32
    private let port: Int
    private let session: String
    private let profile: String

    /// Starts both; `authorities` are not asked: a profile of its own trusts nobody's development CA, so that
    /// certificates are passed over for `localhost` only by way of `acceptInsecureCerts`.
    static func start() async throws -> Browser {
        let profile = FileManager.default.temporaryDirectory.appendingPathComponent(
            "portcullis-demo-\(UUID().uuidString)"
        ).path
        try FileManager.default.createDirectory(
            atPath: profile, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let port = try freePort()
        let process = try spawn([driver, "--port=\(port)", "--log-level=OFF"])
        do {
            for _ in 0..<100 {
                if (try? call(port, "GET", "/status", nil))?["ready"]?.bool == true { break }
                try await Task.sleep(for: .milliseconds(100))
            }
            let options: JSON = [
                "binary": .string(chromium),
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                    .string("--user-data-dir=\(profile)"),
                ],
            ]
            let wanted: JSON = [
                "capabilities": [
                    "alwaysMatch": [
                        "browserName": "chrome", "acceptInsecureCerts": true, "goog:chromeOptions": options,
                    ]
                ]
            ]
            guard let session = try call(port, "POST", "/session", wanted)["sessionId"]?.string else {
                throw Demonstration.Failure(description: "chromedriver began no session")
            }
            return Browser(process: process, port: port, session: session, profile: profile)
        } catch {
            end(process)
            try? FileManager.default.removeItem(atPath: profile)
            throw error
        }
    }

    private init(process: Int32, port: Int, session: String, profile: String) {
        self.process = process
        self.port = port
        self.session = session
        self.profile = profile
    }

    func stop() {
        _ = try? Self.call(port, "DELETE", "/session/\(session)", nil)
        Self.end(process)
        try? FileManager.default.removeItem(atPath: profile)
    }

    func open(_ address: String) throws { _ = try send("POST", "/url", ["url": .string(address)]) }

    var title: String { (try? value("GET", "/title", nil))?.string ?? "" }

    /// Types into the first field that the CSS selector finds.
    func type(_ text: String, into selector: String) throws {
        let element = try find(selector)
        _ = try send("POST", "/element/\(element)/value", ["text": .string(text)])
    }

    func click(_ selector: String) throws {
        let element = try find(selector)
        _ = try send("POST", "/element/\(element)/click", [:])
    }

    /// What a user reads on the page.
    func text(of selector: String) throws -> String {
        let element = try find(selector)
        return try value("GET", "/element/\(element)/text", nil).string ?? ""
    }

    // MARK: Inside

    private func find(_ selector: String) throws -> String {
        let found = try send("POST", "/element", ["using": "css selector", "value": .string(selector)])
        guard let element = found.members.first?.value.string else {
            throw Demonstration.Failure(description: "the page \"\(title)\" has nothing like \(selector)")
        }
        return element
    }

    private func send(_ method: String, _ path: String, _ body: JSON?) throws -> JSONObject {
        try Self.call(port, method, "/session/\(session)\(path)", body)
    }

    private func value(_ method: String, _ path: String, _ body: JSON?) throws -> JSON {
        try Self.answer(port, method, "/session/\(session)\(path)", body)
    }

    private static func call(_ port: Int, _ method: String, _ path: String, _ body: JSON?) throws -> JSONObject {
        try answer(port, method, path, body).object ?? [:]
    }

    private static func answer(_ port: Int, _ method: String, _ path: String, _ body: JSON?) throws -> JSON {
        var arguments = ["--max-time", "60", "--request", method, "http://127.0.0.1:\(port)\(path)"]
        // It may not listen yet, which is no error.
        if path == "/status" { arguments.append("--no-show-error") }
        if let body {
            let text = String(decoding: body.serialized(), as: UTF8.self)
            arguments += ["--header", "Content-Type: application/json", "--data-binary", text]
        }
        let answer = try Curl.run(arguments)
        guard let document = (try? JSON.parse(Array(answer.body.utf8)))?.object, let value = document["value"] else {
            throw Demonstration.Failure(description: "chromedriver answered \(answer.status) without a value")
        }
        if let error = value.object?["error"]?.string {
            throw Demonstration.Failure(
                description: "the browser: \(error): \(value.object?["message"]?.string?.prefix(200) ?? "")")
        }
        return value
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw Demonstration.Failure(description: "no free port for chromedriver") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func spawn(_ words: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process.processIdentifier
    }

    private static func end(_ process: Int32) { kill(process, SIGTERM) }
}
