extension JSON {
    /// Parses exactly one strict JSON text (RFC 8259): UTF-8, no member twice, nothing but white space around it.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        try parse(bytes.span, limits: limits)
    }

    /// Parses exactly one strict JSON text (RFC 8259): UTF-8, no member twice, nothing but white space around it.
    package static func parse(_ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytesMax else { throw .tooLarge }
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { throw .notUTF8(offset: 0) }
        var parser = JSONParser(membersLeft: limits.membersMax)
        parser.skipSpace(bytes)
        let value = try parser.value(bytes, depthLeft: limits.depthMax)
        parser.skipSpace(bytes)
        guard parser.offset == bytes.count else { throw .syntax(offset: parser.offset) }
        return value
    }
}

/// Recursive descent over octets; `offset` never passes the end.
struct JSONParser {
    var offset = 0
    var membersLeft: Int

    init(membersLeft: Int) { self.membersLeft = membersLeft }

    /// The octet at `offset`; nil at the end.
    @inline(__always)
    func peek(_ bytes: Span<UInt8>) -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func skipSpace(_ bytes: Span<UInt8>) {
        while let octet = peek(bytes), octet == 0x20 || octet == 0x0A || octet == 0x0D || octet == 0x09 { offset &+= 1 }
    }

    mutating func value(_ bytes: Span<UInt8>, depthLeft: Int) throws(JSONError) -> JSON {
        guard let octet = peek(bytes) else { throw .syntax(offset: offset) }
        switch octet {
        case UInt8(ascii: "\""):
            return .string(try string(bytes))
        case UInt8(ascii: "{"):
            guard depthLeft > 0 else { throw .tooDeep }
            return .object(try object(bytes, depthLeft: depthLeft &- 1))
        case UInt8(ascii: "["):
            guard depthLeft > 0 else { throw .tooDeep }
            return .array(try array(bytes, depthLeft: depthLeft &- 1))
        case UInt8(ascii: "t"):
            try literal("true", bytes)
            return .bool(true)
        case UInt8(ascii: "f"):
            try literal("false", bytes)
            return .bool(false)
        case UInt8(ascii: "n"):
            try literal("null", bytes)
            return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try number(bytes)
        default:
            throw .syntax(offset: offset)
        }
    }

    private mutating func literal(_ text: StaticString, _ bytes: Span<UInt8>) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            guard peek(bytes) == text.utf8Start[index] else { throw .syntax(offset: offset) }
            offset &+= 1
        }
    }

    private mutating func countMember() throws(JSONError) {
        guard membersLeft > 0 else { throw .tooLarge }
        membersLeft &-= 1
    }

    private mutating func array(_ bytes: Span<UInt8>, depthLeft: Int) throws(JSONError) -> [JSON] {
        offset &+= 1
        var elements: [JSON] = []
        skipSpace(bytes)
        if peek(bytes) == UInt8(ascii: "]") {
            offset &+= 1
            return elements
        }
        while true {
            try countMember()
            elements.append(try value(bytes, depthLeft: depthLeft))
            skipSpace(bytes)
            switch peek(bytes) {
            case UInt8(ascii: ","):
                offset &+= 1
                skipSpace(bytes)
            case UInt8(ascii: "]"):
                offset &+= 1
                return elements
            default:
                throw .syntax(offset: offset)
            }
        }
    }

    private mutating func object(_ bytes: Span<UInt8>, depthLeft: Int) throws(JSONError) -> JSONObject {
        offset &+= 1
        var members: [JSONObject.Member] = []
        // Short sums of the names, so that looking for a name twice among many compares few strings.
        var sums: [UInt32] = []
        skipSpace(bytes)
        if peek(bytes) == UInt8(ascii: "}") {
            offset &+= 1
            return JSONObject()
        }
        members.reserveCapacity(Self.membersExpected)
        sums.reserveCapacity(Self.membersExpected)
        while true {
            try countMember()
            guard peek(bytes) == UInt8(ascii: "\"") else { throw .syntax(offset: offset) }
            let name = try string(bytes)
            let sum = Self.sum(name)
            for index in sums.indices where sums[index] == sum {
                if members[index].name.hasSameOctets(as: name) { throw .duplicateMember(name) }
            }
            skipSpace(bytes)
            guard peek(bytes) == UInt8(ascii: ":") else { throw .syntax(offset: offset) }
            offset &+= 1
            skipSpace(bytes)
            members.append((name, try value(bytes, depthLeft: depthLeft)))
            sums.append(sum)
            skipSpace(bytes)
            switch peek(bytes) {
            case UInt8(ascii: ","):
                offset &+= 1
                skipSpace(bytes)
            case UInt8(ascii: "}"):
                offset &+= 1
                return JSONObject(distinct: members)
            default:
                throw .syntax(offset: offset)
            }
        }
    }

    /// As many as tokens have: growing step by step costs more than the room.
    private static let membersExpected = 12

    /// FNV-1a.
    private static func sum(_ name: String) -> UInt32 {
        var sum: UInt32 = 0x811C_9DC5
        for octet in name.utf8 { sum = (sum ^ UInt32(octet)) &* 0x0100_0193 }
        return sum
    }
}
