/// Dates of HTTP fields: `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 §5.6.7).
package enum HTTPDate {
    /// Appends the date of a time in seconds since 1970 UTC; times before 1970 and after 9999 become the nearest
    /// within.
    package static func append(_ unixSeconds: Int64, to out: inout [UInt8]) {
        let seconds = min(max(unixSeconds, 0), 253_402_300_799)
        let days = Int(seconds / 86_400)
        let time = Int(seconds % 86_400)
        let date = CivilDate(daysSince1970: days)
        // 1970-01-01 was a Thursday.
        append(["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][days % 7], to: &out)
        append(", ", to: &out)
        append(twoDigits: date.day, to: &out)
        append(" ", to: &out)
        append(monthNames[(date.month &- 1) % 12], to: &out)
        append(" ", to: &out)
        append(twoDigits: date.year / 100, to: &out)
        append(twoDigits: date.year % 100, to: &out)
        append(" ", to: &out)
        append(twoDigits: time / 3_600, to: &out)
        append(":", to: &out)
        append(twoDigits: time / 60 % 60, to: &out)
        append(":", to: &out)
        append(twoDigits: time % 60, to: &out)
        append(" GMT", to: &out)
    }

    /// The date of a time in seconds since 1970 UTC.
    package static func text(_ unixSeconds: Int64) -> String {
        var out: [UInt8] = []
        append(unixSeconds, to: &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static let monthNames: InlineArray<12, StaticString> = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    private static func append(twoDigits number: Int, to out: inout [UInt8]) {
        out.append(0x30 &+ UInt8(truncatingIfNeeded: number / 10 % 10))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: number % 10))
    }
}

/// A day of the Gregorian calendar.
package struct CivilDate: Sendable, Equatable {
    /// 1970 to 9999.
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    /// Counts eras of 400 years from 1 March of the year 0. Any day from 1970 to 9999.
    package init(daysSince1970 days: Int) {
        let shifted = min(max(days, 0), 2_932_896) &+ 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra &- dayOfEra / 1_460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (365 &* yearOfEra &+ yearOfEra / 4 &- yearOfEra / 100)
        let shiftedMonth = (5 &* dayOfYear &+ 2) / 153
        day = dayOfYear &- (153 &* shiftedMonth &+ 2) / 5 &+ 1
        month = shiftedMonth < 10 ? shiftedMonth &+ 3 : shiftedMonth &- 9
        year = yearOfEra &+ era &* 400 &+ (month <= 2 ? 1 : 0)
    }
}
