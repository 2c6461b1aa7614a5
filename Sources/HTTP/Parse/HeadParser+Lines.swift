extension HeadParser {
    /// Field lines up to the empty line. Returns where the head ends; 0 if more octets are needed.
    /// - Parameter ofAnswer: white space between a name and its colon is passed over: in an answer a proxy must remove
    ///   it, in a request it must refuse it (RFC 9112 §5.1).
    mutating func fieldLines(
        _ input: Span<UInt8>, into block: inout FieldBlock, ofAnswer: Bool = false
    ) throws(HeadError) -> Int {
        let tables = tables
        let fieldsMax = limits.fieldsMax
        var start = position
        defer { position = start }
        while start < input.count {
            let first = input[start]
            if first == 0x0D {
                guard start &+ 1 < input.count else { return 0 }
                guard input[start &+ 1] == 0x0A else { throw .bareLineEnd }
                return start &+ 2
            }

            // The name: folded and hashed while it is checked.
            var index = start
            var hash: UInt32 = 0
            var seen: UInt8 = 0
            while index < input.count {
                let folded = tables.names[Int(input[index])]
                if folded == 0 { break }
                seen |= folded
                hash = FieldName.step(hash, folded & 0x7F)
                index &+= 1
            }
            let nameEnd = index
            if ofAnswer, index > start {
                while index < input.count, input[index] == 0x20 || input[index] == 0x09 { index &+= 1 }
            }
            guard index < input.count else { return 0 }
            guard input[index] == UInt8(ascii: ":"), index > start else {
                throw first == 0x20 || first == 0x09 ? .obsoleteFolding : first == 0x0A ? .bareLineEnd : .badFieldName
            }
            let name = Slice(start: start, end: nameEnd)

            // The value, without the white space around it.
            index &+= 1
            while index < input.count, input[index] == 0x20 || input[index] == 0x09 { index &+= 1 }
            let lineEnd = LineScan.end(input, from: index)
            guard lineEnd &+ 1 < input.count else {
                if lineEnd < input.count, input[lineEnd] != 0x0D {
                    throw input[lineEnd] == 0x0A ? .bareLineEnd : .badFieldValue
                }
                return 0
            }
            guard input[lineEnd] == 0x0D, input[lineEnd &+ 1] == 0x0A else {
                throw input[lineEnd] == 0x0D || input[lineEnd] == 0x0A ? .bareLineEnd : .badFieldValue
            }
            var valueEnd = lineEnd
            while valueEnd > index, input[valueEnd &- 1] == 0x20 || input[valueEnd &- 1] == 0x09 { valueEnd &-= 1 }

            guard block.fields.count < fieldsMax else { throw .tooManyFields }
            hash = FieldName.finished(hash)
            let irregular = seen & 0x80 != 0
            let known = irregular ? .other : Self.knownField(input, name, hash: hash, tables)
            block.append(
                Field(
                    name: name, value: Slice(start: index, end: valueEnd), foldedHash: hash, known: known,
                    irregular: irregular))
            start = lineEnd &+ 2
        }
        return 0
    }

    /// Which known field has this name: one look-up, one comparison of up to three words.
    @inline(__always)
    private static func knownField(
        _ input: Span<UInt8>, _ name: Slice, hash: UInt32, _ tables: HeadTables
    ) -> KnownField {
        let candidate = tables.slots[HeadTables.slot(hash, tables.multiplier)]
        guard candidate != 0, Int(tables.lengths[Int(candidate)]) == name.count else { return .other }
        var start = name.start
        var place = Int(candidate) &* 4
        while start < name.end {
            guard place < 256,
                word(input, start, name.end &- start) | 0x2020_2020_2020_2020 == tables.words[place]
            else { return .other }
            start &+= 8
            place &+= 1
        }
        return KnownField(rawValue: candidate) ?? .other
    }

    /// Up to eight octets from `start`, the first one lowest, zeros above them.
    @inline(__always)
    private static func word(_ input: Span<UInt8>, _ start: Int, _ count: Int) -> UInt64 {
        if input.count &- start >= 8 {
            let word = UInt64(littleEndian: input.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
            return count >= 8 ? word : word & ~(UInt64.max &<< UInt64(count &* 8))
        }
        var word: UInt64 = 0
        for offset in 0..<min(count, input.count &- start) {
            word |= UInt64(input[start &+ offset]) &<< UInt64(offset &* 8)
        }
        return word
    }
}
