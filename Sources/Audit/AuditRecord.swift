import JSON

/// Writes the members of one record into the journal's buffer. Only `AuditTicket.close` hands one out.
///
/// Each field is written once; adding it again changes nothing.
package struct AuditRecord: ~Copyable {
    /// Octets of one record at most, with its line feed. A field that would go beyond is left out, and the record says
    /// so.
    package static let bytesMax = 4_096
    /// Octets of a path, host or other client-made text at most.
    package static let clientTextBytesMax = 512
    /// Kept free for the end of the record.
    private static let endBytes = 32

    private(set) var buffer: [UInt8]
    /// Where the last member must end.
    private let end: Int
    private(set) var written = AuditFieldSet()
    private(set) var isTruncated = false

    init(buffer: consuming [UInt8]) {
        end = buffer.count &+ Self.bytesMax &- Self.endBytes
        self.buffer = buffer
    }

    /// A text made ready before.
    package mutating func add(_ field: AuditField, _ text: AuditText) {
        guard field.classification != .secret, begin(field, text.escaped.count) else { return }
        buffer.append(contentsOf: text.escaped)
    }

    /// What stands for a secret.
    package mutating func add(_ field: AuditField, _ digest: SecretDigest) {
        guard begin(field, digest.escaped.count) else { return }
        buffer.append(contentsOf: digest.escaped)
    }

    package mutating func add(_ field: AuditField, _ number: Int) {
        guard field.classification != .secret, begin(field, 20) else { return }
        append(number)
    }

    /// A fixed word, without anything to escape.
    package mutating func add(_ field: AuditField, _ word: StaticString) {
        guard field.classification != .secret, begin(field, word.utf8CodeUnitCount &+ 2) else { return }
        buffer.append(0x22)
        append(word)
        buffer.append(0x22)
    }

    /// Octets that are known to need no escape: hexadecimal digits that the gateway made or checked.
    package mutating func add(_ field: AuditField, plain octets: [UInt8]) {
        assert(Self.isPlain(octets[...]))
        guard field.classification != .secret, begin(field, octets.count &+ 2) else { return }
        buffer.append(0x22)
        buffer.append(contentsOf: octets)
        buffer.append(0x22)
    }

    /// What a client sent: escaped, and cut where it is long.
    package mutating func add(_ field: AuditField, clientText octets: ArraySlice<UInt8>) {
        let kept = octets.prefix(Self.clientTextBytesMax)
        guard field.classification != .secret, begin(field, kept.count &+ 2) else { return }
        if Self.isPlain(kept) {
            buffer.append(0x22)
            buffer.append(contentsOf: kept)
            buffer.append(0x22)
        } else {
            let before = buffer.count
            JSONText.appendEscaped(kept, to: &buffer)
            if buffer.count > end {
                buffer.removeLast(buffer.count &- before)
                buffer.append(0x22)
                buffer.append(0x22)
                isTruncated = true
            }
        }
        if kept.count < octets.count { isTruncated = true }
    }

    /// Members written once for many records. Where one of them is there already, or there is no room, none is written.
    package mutating func add(_ fragment: AuditFragment) {
        guard fragment.fields.isDisjoint(with: written), buffer.count &+ fragment.octets.count <= end else {
            isTruncated = true
            return
        }
        written.formUnion(fragment.fields)
        if fragment.isTruncated { isTruncated = true }
        buffer.append(contentsOf: fragment.octets)
    }

    mutating func begin(at wallNanoseconds: Int64, clock: inout RecordClock) {
        written = AuditFieldSet(.time)
        append("{\"time\":\"")
        clock.append(wallNanoseconds, to: &buffer)
        buffer.append(0x22)
    }

    consuming func finish() -> [UInt8] {
        if isTruncated { append(",\"truncated\":true") }
        append("}\n")
        return buffer
    }

    /// Writes `,"name":`; false: there is no room, or the field is there already.
    private mutating func begin(_ field: AuditField, _ valueBytes: Int) -> Bool {
        guard !written.contains(field) else { return false }
        let member = field.member
        guard buffer.count &+ member.utf8CodeUnitCount &+ valueBytes <= end else {
            isTruncated = true
            return false
        }
        written.insert(field)
        append(member)
        return true
    }

    private mutating func append(_ text: StaticString) {
        buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func append(_ number: Int) {
        var rest = number.magnitude
        if number < 0 { buffer.append(UInt8(ascii: "-")) }
        if rest < 10 { return buffer.append(0x30 &+ UInt8(truncatingIfNeeded: rest)) }
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var count = 0
        while rest > 0, count < 20 {
            let tenth = rest / 10
            digits[count] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- tenth &* 10)
            rest = tenth
            count &+= 1
        }
        while count > 0 {
            count &-= 1
            buffer.append(digits[count])
        }
    }

    private static func isPlain(_ octets: ArraySlice<UInt8>) -> Bool {
        octets.withUnsafeBufferPointer { octets in
            for octet in octets where octet < 0x20 || octet >= 0x7F || octet == 0x22 || octet == 0x5C { return false }
            return true
        }
    }
}

/// Members that are the same in many records, written once: what is known of a connection, a route, a caller, an
/// upstream.
package struct AuditFragment: Sendable {
    let octets: [UInt8]
    let fields: AuditFieldSet
    let isTruncated: Bool

    /// `fill` adds the members in their order.
    package init(_ fill: (inout AuditRecord) -> Void) {
        var record = AuditRecord(buffer: [])
        fill(&record)
        fields = record.written
        isTruncated = record.isTruncated
        octets = record.buffer
    }
}
