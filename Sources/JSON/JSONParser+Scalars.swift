import Octets

extension JSONParser {
    /// Octets of a number at most: more digits than that say nothing, and reading them costs.
    private static let numberBytesMax = 128

    /// A number (RFC 8259 §6).
    mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> JSON {
        let start = offset
        var isInteger = true
        if peek(bytes) == UInt8(ascii: "-") { offset &+= 1 }
        if peek(bytes) == UInt8(ascii: "0") { offset &+= 1 } else { try digits(bytes) }
        if peek(bytes) == UInt8(ascii: ".") {
            isInteger = false
            offset &+= 1
            try digits(bytes)
        }
        if let octet = peek(bytes), octet | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset &+= 1
            if let sign = peek(bytes), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset &+= 1 }
            try digits(bytes)
        }
        guard offset &- start <= Self.numberBytesMax else { throw .numberOutOfRange(offset: start) }
        if isInteger, let value = integer(bytes, from: start) { return .integer(value) }
        let text = bytes.extracting(start..<offset).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        guard let value = Double(text), value.isFinite else { throw .numberOutOfRange(offset: start) }
        return .number(value)
    }

    private mutating func digits(_ bytes: Span<UInt8>) throws(JSONError) {
        let start = offset
        while let octet = peek(bytes), octet &- 0x30 < 10 { offset &+= 1 }
        guard offset > start else { throw .syntax(offset: offset) }
    }

    /// The integer between `start` and `offset`; nil if it does not fit.
    private func integer(_ bytes: Span<UInt8>, from start: Int) -> Int64? {
        var index = start
        let negative = bytes[index] == UInt8(ascii: "-")
        if negative { index &+= 1 }
        var value: Int64 = 0
        while index < offset {
            let digit = Int64(bytes[index] &- 0x30)
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, over) =
                negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
            if overflow || over { return nil }
            value = next
            index &+= 1
        }
        return value
    }

    /// A string (RFC 8259 §7); `offset` is at its first quotation mark.
    mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> String {
        offset &+= 1
        let start = offset
        while let octet = peek(bytes) {
            if octet == UInt8(ascii: "\"") {
                let text = try Self.text(bytes.extracting(start..<offset), at: start)
                offset &+= 1
                return text
            }
            if octet == UInt8(ascii: "\\") { return try escapedString(bytes, from: start) }
            guard octet >= 0x20 else { throw .syntax(offset: offset) }
            offset &+= 1
        }
        throw .syntax(offset: offset)
    }

    /// Validated once: `String(validating:)` is generic, and asks the runtime for its types on every call.
    private static func text(_ octets: Span<UInt8>, at start: Int) throws(JSONError) -> String {
        guard let text = try? UTF8Span(validating: octets) else { throw .notUTF8(offset: start) }
        return String(copying: text)
    }

    /// The rest of a string whose first backslash is at `offset`.
    private mutating func escapedString(_ bytes: Span<UInt8>, from start: Int) throws(JSONError) -> String {
        var text: [UInt8] = []
        for index in start..<offset { text.append(bytes[index]) }
        while let octet = peek(bytes) {
            offset &+= 1
            switch octet {
            case UInt8(ascii: "\""):
                return try Self.text(text.span, at: start)
            case UInt8(ascii: "\\"):
                try escape(bytes, to: &text)
            case 0..<0x20:
                throw .syntax(offset: offset &- 1)
            default:
                text.append(octet)
            }
        }
        throw .syntax(offset: offset)
    }

    /// What follows a backslash.
    private mutating func escape(_ bytes: Span<UInt8>, to text: inout [UInt8]) throws(JSONError) {
        let start = offset &- 1
        guard let octet = peek(bytes) else { throw .syntax(offset: offset) }
        offset &+= 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(octet)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexDigits(bytes)
            if (0xD800...0xDBFF).contains(code) {
                guard peek(bytes) == UInt8(ascii: "\\") else { throw .loneSurrogate(offset: start) }
                offset &+= 1
                guard peek(bytes) == UInt8(ascii: "u") else { throw .loneSurrogate(offset: start) }
                offset &+= 1
                let low = try hexDigits(bytes)
                guard (0xDC00...0xDFFF).contains(low) else { throw .loneSurrogate(offset: start) }
                code = 0x10000 &+ ((code & 0x3FF) &<< 10) &+ (low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .loneSurrogate(offset: start) }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default:
            throw .syntax(offset: start)
        }
    }

    private mutating func hexDigits(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let octet = peek(bytes), let digit = Hex.value(octet) else { throw .syntax(offset: offset) }
            code = code &<< 4 | UInt32(digit)
            offset &+= 1
        }
        return code
    }
}
