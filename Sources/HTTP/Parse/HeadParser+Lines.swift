extension HeadParser {
    /// The first octet from `start` that ends a line or may not be in one: a control character other than HTAB.
    /// `end` if there is none.
    @inline(__always)
    func firstLineEnd(_ input: Span<UInt8>, from start: Int, to end: Int) -> Int {
        let raw = input.bytes
        var index = start
        while true {
            // Eight octets at a time: the high bit of each octet below 0x20, and of each 0x7F. A borrow can only put a wrong
            // mark above a right one, and only the lowest is used.
            while index &+ 8 <= end {
                let word = UInt64(littleEndian: raw.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
                let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
                let marks =
                    ((word &- 0x2020_2020_2020_2020) & ~word | (delete &- 0x0101_0101_0101_0101) & ~delete)
                    & 0x8080_8080_8080_8080
                if marks != 0 {
                    index &+= marks.trailingZeroBitCount &>> 3
                    break
                }
                index &+= 8
            }
            while index < end {
                let octet = input[index]
                if octet < 0x20 || octet == 0x7F { break }
                index &+= 1
                if index &+ 8 <= end { break }
            }
            guard index < end else { return end }
            let octet = input[index]
            if octet < 0x20 || octet == 0x7F {
                if octet != 0x09 { return index }
                index &+= 1
            }
        }
    }

    /// Field lines up to the empty line. Returns where the head ends; 0 if more octets are needed.
    @inline(__always)
    mutating func fieldLines(
        _ input: Span<UInt8>, limit: Int, into block: inout FieldBlock
    ) throws(HeadError) -> Int {
        let lookup = tables.octets
        let tables = lookup.span
        let multiplier = self.tables.multiplier
        while position < limit {
            let start = position
            let first = input[start]
            if first == 0x0D {
                guard start &+ 1 < limit else { return 0 }
                guard input[start &+ 1] == 0x0A else { throw .bareLineEnd }
                return start &+ 2
            }

            // The name: folded and hashed while it is checked.
            var index = start
            var hash: UInt32 = 0
            var seen: UInt8 = 0
            while index < limit {
                let folded = tables[HeadTables.names &+ Int(input[index])]
                if folded == 0 { break }
                seen |= folded
                hash = FieldName.step(hash, folded & 0x7F)
                index &+= 1
            }
            guard index < limit else { return 0 }
            guard input[index] == UInt8(ascii: ":"), index > start else {
                throw first == 0x20 || first == 0x09 ? .obsoleteFolding : first == 0x0A ? .bareLineEnd : .badFieldName
            }
            let name = Slice(start: start, end: index)

            // The value, without the white space around it.
            index &+= 1
            while index < limit, input[index] == 0x20 || input[index] == 0x09 { index &+= 1 }
            let valueStart = index
            let lineEnd = firstLineEnd(input, from: index, to: limit)
            guard lineEnd &+ 1 < limit else {
                if lineEnd < limit, input[lineEnd] != 0x0D { throw input[lineEnd] == 0x0A ? .bareLineEnd : .badFieldValue }
                return 0
            }
            guard input[lineEnd] == 0x0D, input[lineEnd &+ 1] == 0x0A else {
                throw input[lineEnd] == 0x0D || input[lineEnd] == 0x0A ? .bareLineEnd : .badFieldValue
            }
            var valueEnd = lineEnd
            while valueEnd > valueStart, input[valueEnd &- 1] == 0x20 || input[valueEnd &- 1] == 0x09 { valueEnd &-= 1 }

            guard block.fields.count < limits.fieldsMax else { throw .tooManyFields }
            let irregular = seen & 0x80 != 0
            let known = irregular ? .other : knownField(input, name, hash: hash, tables: tables, multiplier: multiplier)
            block.append(
                Field(
                    name: name, value: Slice(start: valueStart, end: valueEnd), foldedHash: hash, known: known,
                    irregular: irregular))
            position = lineEnd &+ 2
        }
        return 0
    }

    /// Which known field has this name: one look-up, one comparison.
    @inline(__always)
    private func knownField(
        _ input: Span<UInt8>, _ name: Slice, hash: UInt32, tables: Span<UInt8>, multiplier: UInt32
    ) -> KnownField {
        let slot = Int((hash &* multiplier) &>> (32 &- HeadTables.slotBits))
        let candidate = Int(tables[HeadTables.slots &+ slot])
        guard candidate != 0, Int(tables[HeadTables.lengths &+ candidate]) == name.count else { return .other }
        let text = HeadTables.texts &+ candidate &* HeadTables.textStride
        for offset in 0..<name.count where input[name.start &+ offset] | 0x20 != tables[text &+ offset] { return .other }
        return KnownField(rawValue: UInt8(truncatingIfNeeded: candidate)) ?? .other
    }
}
