import HTTP

/// A time as pages show it, the same in all languages: `2026-01-31 17:05 UTC`.
enum AccountTime {
    /// - Parameter seconds: since 1970.
    static func text(_ seconds: Int64) -> String {
        let seconds = min(max(seconds, 0), 253_402_300_799)
        let date = CivilDate(daysSince1970: Int(seconds / 86_400))
        let minutes = seconds % 86_400 / 60
        return
            "\(date.year)-\(two(date.month))-\(two(date.day)) \(two(Int(minutes / 60))):\(two(Int(minutes % 60))) UTC"
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
