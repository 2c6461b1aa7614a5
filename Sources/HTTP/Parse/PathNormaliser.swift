import Octets

/// Brings a path into the one form that is judged and forwarded (RFC 3986 §6.2.2): escapes of unreserved characters
/// decoded, other escapes with capital digits, dot segments removed.
///
/// Whatever could be read in two ways is either reported as a feature, which a route must allow by name, or refused.
/// Normalising twice changes nothing.
package enum PathNormaliser {
    /// Appends the normal form of a path, for instance a route's pattern, and says what was irregular.
    package static func normalised(_ path: [UInt8]) throws(HeadError) -> (path: [UInt8], features: PathFeatures) {
        var out: [UInt8] = []
        let features = try append(path.span, Slice(start: 0, end: path.count), to: &out)
        return (out, features)
    }

    /// Appends the normal form of `raw`, which is empty or begins with `/`.
    static func append(
        _ input: Span<UInt8>, _ raw: Slice, to out: inout [UInt8]
    ) throws(HeadError) -> PathFeatures {
        var features: PathFeatures = []
        let base = out.count
        out.append(UInt8(ascii: "/"))
        guard !raw.isEmpty else { return features }
        guard input[raw.start] == UInt8(ascii: "/") else { throw .badTarget }
        var segment = out.count
        var lastEscape: UInt8 = 0
        var index = raw.start &+ 1
        while index < raw.end {
            let octet = input[index]
            index &+= 1
            let precedingEscape = lastEscape
            lastEscape = 0
            switch octet {
            case UInt8(ascii: "/"):
                try endSegment(&segment, base: base, isLast: false, features: &features, out: &out)
            case UInt8(ascii: "%"):
                guard raw.end &- index >= 2, let high = Hex.value(input[index]),
                    let low = Hex.value(input[index &+ 1])
                else { throw .badPath }
                index &+= 2
                let decoded = high &<< 4 | low
                guard decoded >= 0x20, decoded != 0x7F, !isOverlong(precedingEscape, decoded) else { throw .badPath }
                if decoded == UInt8(ascii: "/") { features.insert(.encodedSlash) }
                if decoded == UInt8(ascii: "\\") { features.insert(.encodedBackslash) }
                if PercentEncoding.isUnreserved(decoded) {
                    out.append(decoded)
                } else {
                    appendEscape(decoded, to: &out)
                    lastEscape = decoded
                }
            case UInt8(ascii: ";"):
                features.insert(.semicolon)
                out.append(octet)
            case 0x80...:
                guard !isOverlong(precedingEscape, octet) else { throw .badPath }
                features.insert(.nonASCII)
                appendEscape(octet, to: &out)
                lastEscape = octet
            case UInt8(ascii: "#"):
                throw .badTarget
            default:
                guard HTTPOctet.isPathCharacter(octet) else { throw .badPath }
                out.append(octet)
            }
        }
        try endSegment(&segment, base: base, isLast: true, features: &features, out: &out)
        return features
    }

    /// Ends the segment that begins at `segment`: removes it if it is `.`, and the one before it too if it is `..`
    /// (RFC 3986 §5.2.4).
    private static func endSegment(
        _ segment: inout Int, base: Int, isLast: Bool, features: inout PathFeatures, out: inout [UInt8]
    ) throws(HeadError) {
        let count = out.count &- segment
        if count == 0 {
            if !isLast { features.insert(.emptySegments) }
        } else if count == 1, out[segment] == UInt8(ascii: ".") {
            features.insert(.dotSegments)
            out.removeLast()
            return
        } else if count == 2, out[segment] == UInt8(ascii: "."), out[segment &+ 1] == UInt8(ascii: ".") {
            features.insert(.dotSegments)
            out.removeLast(3)
            guard out.count > base else { throw .badPath }
            while out.count > base, out[out.count &- 1] != UInt8(ascii: "/") { out.removeLast() }
            segment = out.count
            return
        } else if hidesDots(out, from: segment) {
            throw .badPath
        }
        if !isLast {
            out.append(UInt8(ascii: "/"))
            segment = out.count
        }
    }

    /// A dot segment for whoever decodes `%2F` and `%5C` or cuts off `;` before resolving dots (`/a/..;/b`,
    /// `/a/..%2Fb`).
    private static func hidesDots(_ out: [UInt8], from segment: Int) -> Bool {
        var start = segment
        var index = segment
        var hasParameter = false
        while true {
            let isEnd = index == out.count
            let isSeparator =
                !isEnd && index &+ 2 < out.count && out[index] == UInt8(ascii: "%")
                && (out[index &+ 1] == UInt8(ascii: "2") && out[index &+ 2] == UInt8(ascii: "F")
                    || out[index &+ 1] == UInt8(ascii: "5") && out[index &+ 2] == UInt8(ascii: "C"))
            let isParameter = !isEnd && out[index] == UInt8(ascii: ";")
            if isEnd || isSeparator || isParameter {
                let count = index &- start
                if !hasParameter, count == 1 || count == 2, out[start] == UInt8(ascii: "."),
                    out[index &- 1] == UInt8(ascii: ".")
                {
                    return true
                }
                if isEnd { return false }
                hasParameter = isParameter
                index &+= isSeparator ? 3 : 1
                start = index
            } else {
                index &+= 1
            }
        }
    }

    /// Two octets that begin an overlong form of a shorter UTF-8 sequence, such as `%C0%AF` for a slash (RFC 3629 §3).
    private static func isOverlong(_ first: UInt8, _ second: UInt8) -> Bool {
        second & 0xC0 == 0x80
            && (first == 0xC0 || first == 0xC1 || first == 0xE0 && second < 0xA0 || first == 0xF0 && second < 0x90)
    }

    static func appendEscape(_ octet: UInt8, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "%"))
        out.append(Hex.uppercaseDigit(octet &>> 4))
        out.append(Hex.uppercaseDigit(octet & 0xF))
    }
}
