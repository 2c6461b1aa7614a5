import Glibc

/// Writes times as RFC 3339 in UTC with milliseconds. The date is worked out once a second.
struct RecordClock {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    /// Years that four digits can write; a clock outside them is held at the end.
    private static let seconds: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    mutating func append(_ wallNanoseconds: Int64, to out: inout [UInt8]) {
        var whole = wallNanoseconds / 1_000_000_000
        var rest = wallNanoseconds &- whole &* 1_000_000_000
        if rest < 0 {
            whole &-= 1
            rest &+= 1_000_000_000
        }
        if whole != second {
            second = whole
            text = Self.dateAndTime(min(max(whole, Self.seconds.lowerBound), Self.seconds.upperBound))
        }
        let milliseconds = UInt64(truncatingIfNeeded: rest) / 1_000_000
        out.append(contentsOf: text)
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds / 100))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds / 10 % 10))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds % 10))
        out.append(UInt8(ascii: "Z"))
    }

    /// Up to the point before the milliseconds. Civil date from days since 1970-01-01 in the proleptic Gregorian
    /// calendar.
    private static func dateAndTime(_ seconds: Int64) -> [UInt8] {
        let days = (seconds >= 0 ? seconds : seconds - 86_399) / 86_400
        let ofDay = seconds - days * 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        var out: [UInt8] = []
        func add(_ value: Int64, digits: Int, then separator: Character) {
            let text = Array(String(value).utf8)
            out.append(contentsOf: repeatElement(0x30, count: max(0, digits - text.count)))
            out.append(contentsOf: text)
            out.append(contentsOf: String(separator).utf8)
        }
        add(year, digits: 4, then: "-")
        add(month, digits: 2, then: "-")
        add(day, digits: 2, then: "T")
        add(ofDay / 3_600, digits: 2, then: ":")
        add(ofDay / 60 % 60, digits: 2, then: ":")
        add(ofDay % 60, digits: 2, then: ".")
        return out
    }

    /// The time of the machine; for records that nobody closed.
    static func wallNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
