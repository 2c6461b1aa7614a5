import Foundation
import Glibc

/// A Prometheus that reads the gateway's metrics and has its alert rules, where one is installed: for looking around while the
/// demonstration stays up.
struct PrometheusPage {
    private static let program = "/usr/bin/prometheus"
    /// Of Prometheus; another one may have it already.
    private static let port = 9090

    private let process: Process
    private let folder: URL

    /// nil: it is not installed, or does not start.
    /// - Parameters:
    ///   - monitor: host and port of the listener with the metrics.
    ///   - rules: the file with the alert rules.
    static func start(monitor: String, rules: String) -> PrometheusPage? {
        guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "portcullis-demo-\(UUID().uuidString)")
        let path = URL(fileURLWithPath: rules).path
        let settings = """
            global: {scrape_interval: 2s, evaluation_interval: 2s}
            rule_files: ["\(path)"]
            scrape_configs:
              - job_name: portcullis
                static_configs: [{targets: ["\(monitor)"]}]

            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = [
            "--config.file=\(folder.path)/prometheus.yml", "--storage.tsdb.path=\(folder.path)/data",
            "--web.listen-address=127.0.0.1:\(port)", "--log.level=error",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try settings.write(to: folder.appendingPathComponent("prometheus.yml"), atomically: true, encoding: .utf8)
            try process.run()
        } catch {
            try? FileManager.default.removeItem(at: folder)
            return nil
        }
        return PrometheusPage(process: process, folder: folder)
    }

    /// For a browser: requests by route.
    var address: String {
        "http://127.0.0.1:\(Self.port)/graph?g0.tab=0&g0.range_input=5m&g0.expr=sum%20by%20(route)%20(rate(portcullis_requests_total%5B1m%5D))"
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
