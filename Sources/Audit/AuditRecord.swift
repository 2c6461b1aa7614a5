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
        guard field.classification != .secret else { return }
        text.escaped.withUnsafeBufferPointer { append(field, $0, quoted: false) }
    }

    /// What stands for a secret.
    package mutating func add(_ field: AuditField, _ digest: SecretDigest) {
        digest.escaped.withUnsafeBufferPointer { append(field, $0, quoted: false) }
    }

    package mutating func add(_ field: AuditField, _ number: Int) {
        guard field.classification != .secret else { return }
        var digits = InlineArray<20, UInt8>(repeating: 0x30)
        var rest = number.magnitude
        var start = 19
        while rest > 9, start > 1 {
            let tenth = rest / 10
            digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- tenth &* 10)
            rest = tenth
            start &-= 1
        }
        digits[start] = 0x30 &+ UInt8(truncatingIfNeeded: rest)
        if number < 0 {
            start &-= 1
            digits[start] = UInt8(ascii: "-")
        }
        digits.span.extracting(start..<20).withUnsafeBufferPointer { append(field, $0, quoted: false) }
    }

    /// A fixed word, without anything to escape.
    package mutating func add(_ field: AuditField, _ word: StaticString) {
        guard field.classification != .secret else { return }
        append(field, UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount), quoted: true)
    }

    /// Octets that are known to need no escape: hexadecimal digits that the gateway made or checked.
    package mutating func add(_ field: AuditField, plain octets: [UInt8]) {
        assert(Self.isPlain(octets[...]))
        guard field.classification != .secret else { return }
        octets.withUnsafeBufferPointer { append(field, $0, quoted: true) }
    }

    /// What a client sent: escaped, and cut where it is long.
    package mutating func add(_ field: AuditField, clientText octets: ArraySlice<UInt8>) {
        let kept = octets.prefix(Self.clientTextBytesMax)
        guard field.classification != .secret else { return }
        if Self.isPlain(kept) {
            kept.withUnsafeBufferPointer { append(field, $0, quoted: true) }
        } else {
            guard begin(field, kept.count &+ 2) else { return }
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

    /// Writes `,"name":` and a value that needs no escape, unless there is no room or the field is there already.
    private mutating func append(_ field: AuditField, _ value: UnsafeBufferPointer<UInt8>, quoted: Bool) {
        guard !written.contains(field) else { return }
        let member = field.member
        let nameBytes = member.utf8CodeUnitCount
        let count = nameBytes &+ value.count &+ (quoted ? 2 : 0)
        guard buffer.count &+ count <= end else {
            isTruncated = true
            return
        }
        written.insert(field)
        // All of it at once: a record has twenty fields, and each look at the buffer costs more than the copying.
        buffer.append(addingCapacity: count) { room in
            room.withUnsafeMutableBufferPointer { octets, initialized in
                guard let base = octets.baseAddress, octets.count &- initialized >= count else { return }
                var place = base + initialized
                place.update(from: member.utf8Start, count: nameBytes)
                place += nameBytes
                if quoted {
                    place.pointee = 0x22
                    place += 1
                }
                if let source = value.baseAddress { place.update(from: source, count: value.count) }
                if quoted { (place + value.count).pointee = 0x22 }
                initialized &+= count
            }
        }
    }

    private mutating func append(_ text: StaticString) {
        buffer.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
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
