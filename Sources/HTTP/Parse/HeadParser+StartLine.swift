extension HeadParser {
    /// `HTTP/1.1` and `HTTP/1.0` as little-endian words.
    private static let http11: UInt64 = 0x312E_312F_5054_5448
    private static let http10: UInt64 = 0x302E_312F_5054_5448

    /// `method SP target SP version CRLF` (RFC 9112 §3), after at most two empty lines (§2.2). Returns where the next
    /// line begins; 0 if more octets are needed.
    mutating func requestLine(
        _ input: Span<UInt8>, into head: inout RequestHead
    ) throws(HeadError) -> Int {
        while position < input.count, input[position] == 0x0D {
            guard position &+ 1 < input.count else { return 0 }
            guard input[position &+ 1] == 0x0A else { throw .bareLineEnd }
            guard emptyLines < 2 else { throw .badRequestLine }
            emptyLines &+= 1
            position &+= 2
        }
        let tables = tables
        let start = position
        var index = start
        var packed: UInt64 = 0
        while index < input.count {
            let octet = input[index]
            if tables.names[Int(octet)] == 0 { break }
            packed = packed &<< 8 | UInt64(octet)
            index &+= 1
        }
        guard index < input.count else { return 0 }
        guard input[index] == 0x20, index > start else {
            throw input[index] == 0x0A && index == start ? .bareLineEnd : .badRequestLine
        }
        head.methodText = Slice(start: start, end: index)
        head.method = index &- start <= 8 ? Method(packed: packed) : .other

        index &+= 1
        let targetStart = index
        index = scanTarget(input, from: index, into: &head)
        // Also what is refused: records say what was asked for.
        head.target = Slice(start: targetStart, end: index)
        guard index < input.count else { return 0 }
        guard input[index] == 0x20, index > targetStart else { throw .badRequestLine }
        guard index &- targetStart <= limits.targetBytesMax else { throw .targetTooLong }

        index &+= 1
        let lineEnd = LineScan.end(input, from: index)
        guard lineEnd &+ 1 < input.count else {
            if lineEnd < input.count, input[lineEnd] != 0x0D {
                throw input[lineEnd] == 0x0A ? .bareLineEnd : .badRequestLine
            }
            return 0
        }
        guard input[lineEnd] == 0x0D, input[lineEnd &+ 1] == 0x0A else {
            throw input[lineEnd] == 0x0D || input[lineEnd] == 0x0A ? .bareLineEnd : .badRequestLine
        }
        head.isHTTP10 = try isHTTP10(input, from: index, to: lineEnd, otherwise: .badRequestLine)
        guard head.method != .connect else { throw .connectMethod }
        return lineEnd &+ 2
    }

    /// Finds the end of the target. A path in its normal form is recognised on the way, with its query; anything else
    /// is left for `RequestHead.understand` (an empty `path` says so).
    @inline(__always)
    private func scanTarget(
        _ input: Span<UInt8>, from start: Int, into head: inout RequestHead
    ) -> Int {
        let tables = tables
        var index = start
        var isPlain = start < input.count && input[start] == UInt8(ascii: "/")
        var afterSlash = false
        scan: while index < input.count {
            switch tables.targets[Int(input[index])] {
            case TargetOctet.plain: afterSlash = false
            case TargetOctet.slash:
                if afterSlash { isPlain = false }
                afterSlash = true
            case TargetOctet.dot:
                if afterSlash { isPlain = false }
                afterSlash = false
            case TargetOctet.special:
                isPlain = false
                afterSlash = false
            default: break scan
            }
            index &+= 1
        }
        let pathEnd = index
        guard index < input.count, input[index] == UInt8(ascii: "?") else {
            head.path = isPlain ? Slice(start: start, end: pathEnd) : Slice()
            head.query = nil
            return index
        }
        index &+= 1
        while index < input.count {
            let octet = input[index]
            if octet <= 0x20 || octet == 0x7F { break }
            if octet >= 0x80 || octet == UInt8(ascii: "#") { isPlain = false }
            index &+= 1
        }
        head.path = isPlain ? Slice(start: start, end: pathEnd) : Slice()
        head.query = isPlain ? Slice(start: pathEnd &+ 1, end: index) : nil
        return index
    }

    /// `version SP status SP [reason] CRLF` (RFC 9112 §4); a missing second space is tolerated, since many leave it out
    /// with the reason. Returns where the next line begins; 0 if more octets are needed.
    mutating func statusLine(
        _ input: Span<UInt8>, into head: inout ResponseHead
    ) throws(HeadError) -> Int {
        let lineEnd = LineScan.end(input, from: position)
        guard lineEnd &+ 1 < input.count else {
            if lineEnd < input.count, input[lineEnd] != 0x0D {
                throw input[lineEnd] == 0x0A ? .bareLineEnd : .badStatusLine
            }
            return 0
        }
        guard input[lineEnd] == 0x0D, input[lineEnd &+ 1] == 0x0A else {
            throw input[lineEnd] == 0x0D || input[lineEnd] == 0x0A ? .bareLineEnd : .badStatusLine
        }
        guard lineEnd &- position >= 12, input[position &+ 8] == 0x20 else { throw .badStatusLine }
        head.isHTTP10 = try isHTTP10(input, from: position, to: position &+ 8, otherwise: .badStatusLine)
        var status = 0
        for index in (position &+ 9)..<(position &+ 12) {
            let digit = input[index] &- 0x30
            guard digit < 10 else { throw .badStatusLine }
            status = status &* 10 &+ Int(digit)
        }
        guard (100...599).contains(status) else { throw .badStatusLine }
        if lineEnd &- position > 12, input[position &+ 12] != 0x20 { throw .badStatusLine }
        head.status = status
        return lineEnd &+ 2
    }

    /// Exactly `HTTP/1.1` or `HTTP/1.0` (RFC 9112 §2.3).
    private func isHTTP10(
        _ input: Span<UInt8>, from start: Int, to end: Int, otherwise: HeadError
    ) throws(HeadError) -> Bool {
        guard end &- start == 8 else { throw otherwise }
        let word = UInt64(littleEndian: input.bytes.unsafeLoadUnaligned(fromByteOffset: start, as: UInt64.self))
        if word == Self.http11 { return false }
        if word == Self.http10 { return true }
        // `HTTP/` digit `.` digit is a version, if not one that is spoken here.
        let isVersion =
            word & 0x00FF_00FF_FFFF_FFFF == 0x002E_002F_5054_5448 && input[start &+ 5] &- 0x30 < 10
            && input[start &+ 7] &- 0x30 < 10
        throw isVersion ? .unsupportedVersion : otherwise
    }
}
