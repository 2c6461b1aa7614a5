import Octets

/// `250ms`, `10s`, `5m`, `1h`, `7d`: one whole number and its unit.
extension ValueKind where Value == Duration {
    /// - Parameter range: for the check and for its message.
    package static func duration(_ range: ClosedRange<Duration>) -> ValueKind {
        ValueKind("a duration such as 10s") { scalar throws(ValueProblem) in
            let text = scalar.text
            let range = (lower: range.lowerBound, upper: range.upperBound, all: range)
            let limits = "\(DurationText.text(range.lower)) to \(DurationText.text(range.upper))"
            let noOff = range.lower > .zero ? "; there is no \"off\"" : ""
            if !text.isEmpty, text.allSatisfy({ $0 == "0" }), range.lower > .zero {
                throw ValueProblem("\(text) is out of range (\(limits))\(noOff)", code: .outOfRange)
            }
            if ["unlimited", "never", "off", "none", "false", "infinite", "infinity", "forever"].contains(
                text.lowercased())
            {
                throw ValueProblem(
                    "found \(Shown.value(text)), expected a duration such as 10s (\(limits))\(noOff)",
                    code: .outOfRange)
            }
            let duration = try DurationText.parse(text)
            guard range.all.contains(duration) else {
                throw ValueProblem("\(text) is out of range (\(limits))", code: .outOfRange)
            }
            return duration
        }
    }
}

extension ValueKind where Value == Duration? {
    /// A duration, or the word `unlimited` (nil).
    package static func durationOrUnlimited(_ range: ClosedRange<Duration>) -> ValueKind {
        ValueKind("a duration such as 10s, or unlimited") { scalar throws(ValueProblem) in
            if scalar.text == "unlimited" { return nil }
            guard scalar.text.utf8.first.map(ASCII.isDigit) == true else {
                throw ValueProblem(
                    "found \(Shown.value(scalar.text)), expected a whole number and a unit (250ms, 10s, 5m, 1h, 7d), or unlimited"
                )
            }
            return try ValueKind<Duration>.duration(range).parse(scalar)
        }
    }
}

enum DurationText {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
    ]

    static func parse(_ text: String) throws(ValueProblem) -> Duration {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty, digits.count <= 9, let number = DecimalDigits.int(digits) else {
            throw ValueProblem("found \(Shown.value(text)), expected a whole number and a unit: 250ms, 10s, 5m, 1h, 7d")
        }
        guard !unit.isEmpty else {
            throw ValueProblem("\(number) has no unit; write \(number)s, \(number)ms, \(number)m or \(number)h")
        }
        guard let milliseconds = units.first(where: { $0.name == unit })?.milliseconds else {
            throw ValueProblem("found \(Shown.value(text)); the units are ms, s, m, h and d, one of them")
        }
        return .milliseconds(number * milliseconds)  // below 10^9 * 86,400,000
    }

    /// In the largest unit that leaves no remainder.
    static func text(_ duration: Duration) -> String {
        let milliseconds = Int(duration / .milliseconds(1))
        for unit in units.reversed() where milliseconds != 0 && milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.name)"
        }
        return "\(milliseconds / 1_000)s"
    }
}

/// `512B`, `16KiB`, `10MiB`, `1GiB`: octets, in powers of 1024.
extension ValueKind where Value == Int {
    /// - Parameter range: octets, for the check and for its message.
    package static func size(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind("a size such as 10MiB") { scalar throws(ValueProblem) in
            let size = try SizeText.parse(scalar.text)
            guard range.contains(size) else {
                throw ValueProblem(
                    "\(scalar.text) is out of range (\(SizeText.text(range.lowerBound)) to \(SizeText.text(range.upperBound)))",
                    code: .outOfRange)
            }
            return size
        }
    }
}

extension ValueKind where Value == Int? {
    /// A size, or the word `unlimited` (nil).
    package static func sizeOrUnlimited(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind("a size such as 10MiB, or unlimited") { scalar throws(ValueProblem) in
            scalar.text == "unlimited" ? nil : try ValueKind<Int>.size(range).parse(scalar)
        }
    }
}

enum SizeText {
    private static let units: [(name: String, octets: Int)] = [
        ("B", 1), ("KiB", 1_024), ("MiB", 1_048_576), ("GiB", 1_073_741_824), ("TiB", 1_099_511_627_776),
    ]

    static func parse(_ text: String) throws(ValueProblem) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count)
        guard !digits.isEmpty, digits.count <= 6, let number = DecimalDigits.int(digits) else {
            throw ValueProblem(
                "found \(Shown.value(text)), expected a whole number (6 digits at most) and a unit: 512B, 16KiB, 10MiB, 1GiB"
            )
        }
        if let octets = units.first(where: { $0.name == unit })?.octets { return number * octets }
        if unit.isEmpty {
            throw ValueProblem("\(number) has no unit; write \(number)B, \(number)KiB, \(number)MiB or \(number)GiB")
        }
        let letter = unit.prefix(1).uppercased()
        let meant = units.first { $0.name.hasPrefix(letter) }.map { "; did you mean \"\(number)\($0.name)\"?" } ?? ""
        throw ValueProblem(
            "found \(Shown.value(text)); the units are B, KiB, MiB, GiB and TiB (powers of 1024)\(meant)")
    }

    static func text(_ octets: Int) -> String {
        for unit in units.reversed() where octets != 0 && octets % unit.octets == 0 {
            return "\(octets / unit.octets)\(unit.name)"
        }
        return "\(octets)B"
    }
}

/// `100/s`, `5/m`, `1000/h`, `20/10s`: so many requests each period.
package struct Rate: Equatable {
    /// Requests.
    package var count: Int
    /// In which they may come.
    package var period: Duration
}

extension ValueKind where Value == Rate {
    /// A number of requests and a period of one second to one day; `/s` is short for `/1s`.
    package static var rate: ValueKind {
        ValueKind("a rate such as 100/s") { scalar throws(ValueProblem) in
            let text = scalar.text
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard let count = DecimalDigits.int(parts[0]), parts[0].utf8.count <= 9 else {
                throw ValueProblem(
                    "found \(Shown.value(text)), expected a number of requests and a period: 100/s, 5/m, 20/10s")
            }
            guard parts.count == 2 else {
                throw ValueProblem("\(Shown.value(text)) has no period; write \(count)/s, \(count)/m or \(count)/h")
            }
            guard (1...1_000_000).contains(count) else {
                throw ValueProblem(
                    "\(Shown.value(text)): the number of requests is out of range (1 to 1000000)", code: .outOfRange)
            }
            let first = parts[1].utf8.first ?? 0
            let written = ASCII.isDigit(first) ? String(parts[1]) : "1" + parts[1]
            guard let period = try? DurationText.parse(written) else {
                throw ValueProblem("\(Shown.value(text)): the period is s, m, h or d, or a duration such as 10s")
            }
            guard period >= .seconds(1), period <= .seconds(86_400) else {
                throw ValueProblem("\(Shown.value(text)): the period is out of range (1s to 1d)", code: .outOfRange)
            }
            return Rate(count: count, period: period)
        }
    }
}
