/// The fields of a message that is being written, as names and values: nothing of HTTP/1.1's lines, so that any codec can
/// write them.
///
/// All names and values lie in one buffer that is used again and again, so that a list allocates for its first message
/// only. Every value is checked once, where it enters: octets that a field value cannot hold (CR, LF, NUL and other
/// controls, RFC 9110 §5.5) are left out, so that no value can become two fields in any codec. What comes from a parsed
/// head has been checked by the parser, and a `FieldValue` when it was made.
package struct FieldList: Sendable {
    /// Where the name and the value of one field lie in the list's octets.
    package struct Entry: Sendable {
        private let start: Int32
        private let nameEnd: Int32
        private let valueEnd: Int32

        fileprivate init(start: Int, nameEnd: Int, valueEnd: Int) {
            self.start = Int32(truncatingIfNeeded: start)
            self.nameEnd = Int32(truncatingIfNeeded: nameEnd)
            self.valueEnd = Int32(truncatingIfNeeded: valueEnd)
        }

        /// As it was given; HTTP/2 wants it in lower case.
        package var name: Slice { Slice(start: Int(start), end: Int(nameEnd)) }
        /// Without the white space around it.
        package var value: Slice { Slice(start: Int(nameEnd) &+ FieldList.separatorBytes, end: Int(valueEnd)) }
        /// Both, and the separator between them.
        fileprivate var whole: Range<Int> { Int(start)..<max(Int(start), Int(valueEnd)) }
    }

    /// Between a name and its value stands what HTTP/1.1 has there, so that its codec copies a field in one piece. It
    /// belongs to neither.
    private static let separator: StaticString = ": "
    fileprivate static let separatorBytes = 2

    private var octets = ByteWriter()
    /// In their order.
    package private(set) var entries: [Entry] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    /// Forgets all fields; keeps the memory.
    package mutating func clear() {
        octets.clear()
        entries.removeAll(keepingCapacity: true)
    }

    /// What the offsets of the entries point into.
    package var bytes: [UInt8] { octets.bytes }

    /// For tests and for what is off the request path.
    package func text(_ slice: Slice) -> String {
        guard slice.start >= 0, slice.end <= octets.count else { return "" }
        return String(decoding: octets.bytes[slice.range], as: UTF8.self)
    }

    // MARK: Adding fields

    /// A field with a fixed value.
    package mutating func append(_ name: StaticString, _ value: StaticString) {
        let value = UnsafeBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount)
        append(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), value)
    }

    package mutating func append(_ name: StaticString, _ value: [UInt8]) {
        append(name) { $0.append(value) }
    }

    package mutating func append(_ name: StaticString, decimal value: Int) {
        append(name, checked: { $0.append(decimal: value) })
    }

    /// A field with a value that was checked before.
    package mutating func append(_ name: StaticString, _ value: borrowing FieldValue) {
        let name = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        value.octets.withUnsafeBufferPointer { append(name, $0) }
    }

    /// The same with a name that was checked when the policy was read.
    package mutating func append(name: [UInt8], _ value: borrowing FieldValue) {
        name.withUnsafeBufferPointer { name in value.octets.withUnsafeBufferPointer { append(name, $0) } }
    }

    /// A field with a value made of pieces that need no check.
    package mutating func append(_ name: StaticString, checked write: (inout FieldValueWriter) -> Void) {
        let start = octets.count
        octets.append(name)
        let nameEnd = octets.count
        octets.append(Self.separator)
        // Moved out and back, so that nothing is copied.
        var taken = ByteWriter()
        swap(&taken, &octets)
        var value = FieldValueWriter(consume taken)
        write(&value)
        octets = value.finish()
        entries.append(Entry(start: start, nameEnd: nameEnd, valueEnd: octets.count))
    }

    /// A field whose name is not fixed either: octets that no name can have are left out. Without any that it can have,
    /// there is no field.
    package mutating func append(_ name: String, _ value: String) {
        let start = octets.count
        for octet in name.utf8 where HTTPOctet.isToken(octet) { octets.append(octet) }
        guard octets.count > start else { return }
        appendValue(start: start) { $0.append(text: value) }
    }

    /// A field with a value that `write` appends; it may only append.
    package mutating func append(_ name: StaticString, _ write: (inout ByteWriter) -> Void) {
        let start = octets.count
        octets.append(name)
        appendValue(start: start, write)
    }

    /// The same with a name that was checked when the policy was read.
    package mutating func append(name: [UInt8], _ write: (inout ByteWriter) -> Void) {
        let start = octets.count
        octets.append(name)
        appendValue(start: start, write)
    }

    /// A field of a request, as it was sent.
    package mutating func append(_ head: borrowing RequestHead, _ field: Field) { append(head.block.bytes, field) }

    /// A field of an answer, as it was sent.
    package mutating func append(_ head: borrowing ResponseHead, _ field: Field) { append(head.block.bytes, field) }

    /// A trailer field, as it was sent.
    package mutating func append(_ block: borrowing FieldBlock, _ field: Field) { append(block.bytes, field) }

    private mutating func append(_ source: [UInt8], _ field: Field) {
        let (name, value) = (field.name, field.value)
        guard name.start >= 0, name.end < value.start, value.end <= source.count else { return }
        let start = octets.count
        source.withUnsafeBufferPointer { source in
            // Most fields stand there as they are kept here: one copy instead of three.
            if value.start == name.end &+ 2, source[name.end] == UInt8(ascii: ":"), source[name.end &+ 1] == 0x20 {
                octets.append(UnsafeBufferPointer(rebasing: source[name.start..<value.end]))
            } else {
                octets.append(UnsafeBufferPointer(rebasing: source[name.range]))
                octets.append(Self.separator)
                octets.append(UnsafeBufferPointer(rebasing: source[value.range]))
            }
        }
        entries.append(Entry(start: start, nameEnd: start &+ name.count, valueEnd: octets.count))
    }

    /// A field whose name and value need no check.
    private mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        let start = octets.count
        octets.append(count: name.count &+ Self.separatorBytes &+ value.count) { out in
            if let octets = name.baseAddress { out.update(from: octets, count: name.count) }
            out[name.count] = UInt8(ascii: ":")
            out[name.count &+ 1] = 0x20
            if let octets = value.baseAddress { (out + name.count + 2).update(from: octets, count: value.count) }
            return name.count &+ Self.separatorBytes &+ value.count
        }
        entries.append(Entry(start: start, nameEnd: start &+ name.count, valueEnd: octets.count))
    }

    private mutating func appendValue(start: Int, _ write: (inout ByteWriter) -> Void) {
        let nameEnd = octets.count
        octets.append(Self.separator)
        let valueStart = octets.count
        write(&octets)
        octets.keepFieldValueOctets(from: valueStart)
        entries.append(Entry(start: start, nameEnd: nameEnd, valueEnd: octets.count))
    }

    // MARK: HTTP/1.1

    /// How many octets `writeLines` writes.
    package var lineBytes: Int { octets.count &+ 2 &* entries.count }

    /// Writes the fields as lines (RFC 9112 §5), in one pass, and returns how many octets they have; nothing where there
    /// is no room for all of them.
    package func writeLines(to out: UnsafeMutableRawBufferPointer) -> Int {
        guard out.count >= lineBytes, let base = out.baseAddress else { return 0 }
        return octets.bytes.withUnsafeBytes { octets in
            guard let source = octets.baseAddress else { return 0 }
            var place = 0
            for entry in entries {
                let range = entry.whole
                guard range.lowerBound >= 0, range.upperBound <= octets.count else { continue }
                (base + place).copyMemory(from: source + range.lowerBound, byteCount: range.count)
                place &+= range.count
                out[place] = 0x0D
                out[place &+ 1] = 0x0A
                place &+= 2
            }
            return place
        }
    }
}

extension ByteWriter {
    /// The fields as lines of HTTP/1.1 (RFC 9112 §5).
    package mutating func append(lines fields: borrowing FieldList) {
        let count = fields.lineBytes
        append(count: count) { out in
            fields.writeLines(to: UnsafeMutableRawBufferPointer(start: out, count: count))
        }
    }
}
