internal import JSON

/// Writes the members of one record into the journal's buffer. Only `AuditTicket.close` hands one out.
package struct AuditRecord: ~Copyable {
    /// Octets of one record at most: what a ticket reserves in the queue. A field that would go beyond is left out, and
    /// the record says so.
    package static let bytesMax = 4_096
    /// Octets of a path, host or other client-made text at most.
    package static let clientTextBytesMax = 512
    /// Kept free for the end of the record.
    private static let endBytes = 32

    private(set) var buffer: [UInt8]
    private let start: Int
    private var truncated = false

    init(buffer: consuming [UInt8]) {
        start = buffer.count
        self.buffer = buffer
    }

    /// A text made ready before. Secret fields are refused: they have `add(_:SecretDigest)`.
    package mutating func add(_ field: AuditField, _ text: AuditText) {
        guard field.classification != .secret, begin(field, text.escaped.count) else { return }
        buffer.append(contentsOf: text.escaped)
    }

    package mutating func add(_ field: AuditField, _ digest: SecretDigest) {
        guard begin(field, digest.text.escaped.count) else { return }
        buffer.append(contentsOf: digest.text.escaped)
    }

    package mutating func add(_ field: AuditField, _ number: Int) {
        guard field.classification != .secret, begin(field, 20) else { return }
        JSONText.append(Int64(number), to: &buffer)
    }

    /// A fixed word, without anything to escape.
    package mutating func add(_ field: AuditField, _ word: StaticString) {
        guard field.classification != .secret, begin(field, word.utf8CodeUnitCount + 2) else { return }
        buffer.append(0x22)
        word.withUTF8Buffer { buffer.append(contentsOf: $0) }
        buffer.append(0x22)
    }

    /// Octets that are known to need no escape, such as hexadecimal digits.
    package mutating func add(_ field: AuditField, plain octets: [UInt8]) {
        guard field.classification != .secret, begin(field, octets.count + 2) else { return }
        buffer.append(0x22)
        buffer.append(contentsOf: octets)
        buffer.append(0x22)
    }

    /// What a client sent: escaped, and cut where it is long.
    package mutating func add(_ field: AuditField, clientText octets: ArraySlice<UInt8>) {
        let kept = octets.prefix(Self.clientTextBytesMax)
        guard field.classification != .secret, begin(field, kept.count + 2) else { return }
        if Self.isPlain(kept) {
            buffer.append(0x22)
            buffer.append(contentsOf: kept)
            buffer.append(0x22)
        } else {
            let before = buffer.count
            JSONText.appendEscaped(kept, to: &buffer)
            if buffer.count - start > Self.bytesMax - Self.endBytes {
                buffer.removeLast(buffer.count - before)
                buffer.append(contentsOf: [0x22, 0x22])
                truncated = true
            }
        }
        if kept.count < octets.count { truncated = true }
    }

    mutating func begin(at wallNanoseconds: Int64, clock: inout RecordClock) {
        buffer.append(contentsOf: Array("{\"time\":\"".utf8))
        clock.append(wallNanoseconds, to: &buffer)
        buffer.append(0x22)
    }

    consuming func finish() -> [UInt8] {
        if truncated {
            let mark: StaticString = ",\"truncated\":true"
            mark.withUTF8Buffer { buffer.append(contentsOf: $0) }
        }
        buffer.append(0x7D)
        buffer.append(0x0A)
        return buffer
    }

    /// Writes `,"name":`; false: no room.
    private mutating func begin(_ field: AuditField, _ valueBytes: Int) -> Bool {
        let name = field.name
        if buffer.count - start + name.utf8CodeUnitCount + 4 + valueBytes > Self.bytesMax - Self.endBytes {
            truncated = true
            return false
        }
        buffer.append(0x2C)
        buffer.append(0x22)
        name.withUTF8Buffer { buffer.append(contentsOf: $0) }
        buffer.append(0x22)
        buffer.append(0x3A)
        return true
    }

    private static func isPlain(_ octets: ArraySlice<UInt8>) -> Bool {
        for octet in octets where octet < 0x20 || octet >= 0x7F || octet == 0x22 || octet == 0x5C { return false }
        return true
    }
}

/// Writes times as RFC 3339 in UTC with milliseconds. The date is worked out once a second.
struct RecordClock {
    private var second: Int64 = .min
    private var text: [UInt8] = []

    mutating func append(_ wallNanoseconds: Int64, to out: inout [UInt8]) {
        let seconds = wallNanoseconds / 1_000_000_000
        if seconds != second {
            second = seconds
            text = Self.dateAndTime(seconds)
        }
        out.append(contentsOf: text)
        let milliseconds = (wallNanoseconds / 1_000_000) % 1_000
        out.append(0x2E)
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds / 100))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds / 10 % 10))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: milliseconds % 10))
        out.append(0x5A)
    }

    /// Civil date from days since 1970-01-01 in the proleptic Gregorian calendar.
    private static func dateAndTime(_ seconds: Int64) -> [UInt8] {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
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
        func digits(_ value: Int64, _ count: Int) {
            var scale: Int64 = 1
            for _ in 1..<count { scale *= 10 }
            for _ in 0..<count {
                out.append(0x30 &+ UInt8(truncatingIfNeeded: value / scale % 10))
                scale = max(1, scale / 10)
            }
        }
        digits(year, 4)
        out.append(0x2D)
        digits(month, 2)
        out.append(0x2D)
        digits(day, 2)
        out.append(0x54)
        digits(ofDay / 3_600, 2)
        out.append(0x3A)
        digits(ofDay / 60 % 60, 2)
        out.append(0x3A)
        digits(ofDay % 60, 2)
        return out
    }
}
