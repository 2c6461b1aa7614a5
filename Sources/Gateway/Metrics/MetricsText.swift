/// Metrics in one of the two texts that Prometheus reads: the exposition format 0.0.4, or OpenMetrics 1.0.
struct MetricsText {
    /// Which of the two.
    enum Format {
        case prometheus, openMetrics

        var mediaType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }

        /// What a scraper would rather have (RFC 9110 §12.5.1); the older one unless it names the newer one, and likes it as
        /// much.
        init(accept: String?) {
            var (openMetrics, text) = (0.0, 0.0)
            for item in (accept ?? "").split(separator: ",") {
                let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
                let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
                switch parts.first {
                case "application/openmetrics-text":
                    let version = parts.dropFirst().first { $0.hasPrefix("version=") }
                    if version == nil || version == "version=1.0.0" { openMetrics = max(openMetrics, quality) }
                case "text/plain", "text/*", "*/*": text = max(text, quality)
                default: break
                }
            }
            self = openMetrics > 0 && openMetrics >= text ? .openMetrics : .prometheus
        }
    }

    /// How values of a family behave.
    enum Kind: String {
        case counter, gauge, histogram
        /// Always 1; what it says stands in its labels.
        case info
    }

    /// A name and its value.
    typealias Labels = [(name: String, value: String)]

    let format: Format
    private(set) var octets: [UInt8] = []
    private var name = ""
    private var kind = Kind.gauge

    init(_ format: Format) { self.format = format }

    /// Begins a family.
    /// - Parameter name: without `_total` and `_info`.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        let suffix: String =
            switch (format, kind) {
            case (.prometheus, .counter): "_total"
            case (.prometheus, .info): "_info"
            default: ""
            }
        let type = format == .prometheus && kind == .info ? Kind.gauge.rawValue : kind.rawValue
        line("# HELP \(name)\(suffix) \(Self.escaped(help, quotes: false))")
        line("# TYPE \(name)\(suffix) \(type)")
    }

    /// A value of the family.
    mutating func sample(_ labels: Labels, _ value: Int) { sample(labels, text: "\(value)") }

    /// The only value of a family without labels.
    mutating func value(_ value: Int) { sample([], text: "\(value)") }

    /// The same.
    mutating func value(_ value: Double) { sample([], text: "\(value)") }

    /// - Parameters:
    ///   - bounds: upper bounds of the buckets, the last of which has none.
    ///   - counts: of each bucket alone, one more than bounds.
    mutating func histogram(_ labels: Labels, bounds: [Double], counts: [Int], sum: Double) {
        var sum = sum
        var count = 0
        for (index, own) in counts.enumerated() {
            count += own
            let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
            line("\(name)_bucket\(Self.text(labels + [("le", bound)])) \(count)")
        }
        if count == 0 { sum = 0 }
        line("\(name)_sum\(Self.text(labels)) \(sum)")
        line("\(name)_count\(Self.text(labels)) \(count)")
    }

    /// Nothing comes behind it.
    mutating func end() { if format == .openMetrics { line("# EOF") } }

    private mutating func sample(_ labels: Labels, text: String) {
        let suffix: String =
            switch kind {
            case .counter: "_total"
            case .info: "_info"
            case .gauge, .histogram: ""
            }
        line("\(name)\(suffix)\(Self.text(labels)) \(text)")
    }

    private mutating func line(_ text: String) {
        octets += text.utf8
        octets.append(0x0A)
    }

    private static func text(_ labels: Labels) -> String {
        labels.isEmpty
            ? "" : "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
