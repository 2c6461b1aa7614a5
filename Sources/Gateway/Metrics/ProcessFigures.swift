import Foundation
import Glibc

/// What the system says of this process (proc(5)); what it does not say is left out.
struct ProcessFigures {
    var cpuSeconds: Double?
    var residentBytes: Int?
    var virtualBytes: Int?
    var threads: Int?
    var openDescriptors: Int?
    var descriptorsMax: Int?
    /// Since 1970.
    var startSeconds: Double?

    static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        // The second field is the program's name in parentheses, which may hold anything.
        if let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        {
            let fields = text[text.index(after: end)...].split(separator: " ").map { Int($0) }
            func field(_ number: Int) -> Int? { fields.indices.contains(number - 3) ? fields[number - 3] : nil }
            let ticks = Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
            if let user = field(14), let system = field(15) { figures.cpuSeconds = Double(user + system) / ticks }
            figures.threads = field(20)
            figures.virtualBytes = field(23)
            figures.residentBytes = field(24).map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
            if let start = field(22), let boot = bootSeconds {
                figures.startSeconds = Double(boot) + Double(start) / ticks
            }
        }
        figures.openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            figures.descriptorsMax = Int(clamping: limit.rlim_cur)
        }
        return figures
    }

    private static var bootSeconds: Int? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8) else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Int($0.dropFirst(6)) }
    }

    /// By the names that every client library of Prometheus has.
    func write(to text: inout MetricsText) {
        if let cpuSeconds {
            text.family("process_cpu_seconds", .counter, "User and system CPU time.")
            text.value(cpuSeconds)
        }
        let gauges: [(String, Int?, String)] = [
            ("process_resident_memory_bytes", residentBytes, "Resident memory."),
            ("process_virtual_memory_bytes", virtualBytes, "Virtual memory."),
            ("process_threads", threads, "Threads."),
            ("process_open_fds", openDescriptors, "Open file descriptors."),
            ("process_max_fds", descriptorsMax, "File descriptors at most."),
        ]
        for (name, value, help) in gauges {
            guard let value else { continue }
            text.family(name, .gauge, help)
            text.value(value)
        }
        if let startSeconds {
            text.family("process_start_time_seconds", .gauge, "When the process began, in seconds since 1970.")
            text.value(startSeconds)
        }
    }
}
