package import HTTP
import Octets

extension ValueKind where Value == PathPattern {
    /// `/orders/{id}/lines/{rest...}`.
    package static var pathPattern: ValueKind {
        ValueKind("a path such as /orders/{id}") { scalar throws(ValueProblem) in try PathPatternText.parse(scalar.text)
        }
    }
}

/// Path patterns: segments between slashes, each a literal, `{name}` or, as the last, `{name...}`.
///
/// A literal stands as it does in a normalised path (RFC 3986 §6.2.2): unreserved characters unescaped, hex digits in
/// upper case. Another spelling could never match, so it is refused with the spelling that can.
package enum PathPatternText {
    static let octetsMax = 1_024
    static let segmentsMax = 64

    static func parse(_ text: String) throws(ValueProblem) -> PathPattern {
        guard text.hasPrefix("/") else { throw ValueProblem("\(Shown.value(text)) does not begin with /") }
        guard text.utf8.count <= octetsMax else { throw ValueProblem("a path has \(octetsMax) octets at most") }
        let parts = text.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= segmentsMax else { throw ValueProblem("a path has \(segmentsMax) segments at most") }
        var segments: [PathPattern.Segment] = []
        var names: Set<String> = []
        for (index, part) in parts.enumerated() {
            let segment = try segment(String(part), in: text)
            switch segment {
            case .rest where index != parts.count - 1:
                throw ValueProblem(
                    "\(Shown.value(text)): {\(part.dropFirst().dropLast())} takes all that is left, so it must be the last segment"
                )
            case .rest(let name), .capture(let name):
                guard names.insert(name).inserted else {
                    throw ValueProblem("\(Shown.value(text)) captures \"\(name)\" twice")
                }
            case .literal: break
            }
            segments.append(segment)
        }
        return PathPattern(text: text, segments: segments)
    }

    /// `tenant` of `{tenant}`; nil when the text is something else.
    package static func captureName(_ text: String) -> String? {
        guard text.hasPrefix("{"), text.hasSuffix("}"), text.utf8.count > 2 else { return nil }
        let name = text.dropFirst().dropLast()
        let isName = name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
        return isName && name.first?.isNumber == false ? String(name) : nil
    }

    private static func segment(_ part: String, in text: String) throws(ValueProblem) -> PathPattern.Segment {
        if part.hasPrefix("{"), part.hasSuffix("}") {
            var name = part.dropFirst().dropLast()
            let isRest = name.hasSuffix("...")
            if isRest { name.removeLast(3) }
            let isName =
                name.first?.isNumber == false
                && name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == UInt8(ascii: "_") }
            guard isName else {
                throw ValueProblem(
                    "\(Shown.value(text)): \(Shown.value(part)) needs a name of letters, digits and _, as in {id} or {rest...}"
                )
            }
            return isRest ? .rest(String(name)) : .capture(String(name))
        }
        if part.contains("{") || part.contains("}") {
            throw ValueProblem("\(Shown.value(text)): a capture takes a whole segment, as in /orders/{id}")
        }
        if part.contains("*") {
            throw ValueProblem("\(Shown.value(text)): write {rest...} as the last segment instead of *")
        }
        if part == "." || part == ".." {
            throw ValueProblem(
                "\(Shown.value(text)): dot segments are removed before paths are matched; write the path without them")
        }
        let normalised = try normalised(part, in: text)
        guard normalised == part else {
            throw ValueProblem(
                "\(Shown.value(text)): paths are normalised before they are matched; write \(Shown.value(normalised)) instead of \(Shown.value(part))"
            )
        }
        return .literal(part)
    }

    /// RFC 3986 §6.2.2.1-2 for one segment.
    private static func normalised(_ part: String, in text: String) throws(ValueProblem) -> String {
        var octets: [UInt8] = []
        var rest = Array(part.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    throw ValueProblem("\(Shown.value(text)): % must be followed by two hex digits")
                }
                let value = high << 4 | low
                if value < 0x20 || value == 0x7F {
                    throw ValueProblem("\(Shown.value(text)): an escaped control character is never accepted")
                }
                if PercentEncoding.isUnreserved(value) {
                    octets.append(value)
                } else {
                    PercentEncoding.append(value, to: &octets)
                }
            } else if byte >= 0x80 {
                PercentEncoding.append(byte, to: &octets)
            } else if isPathCharacter(byte) {
                octets.append(byte)
            } else if byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#") {
                throw ValueProblem("\(Shown.value(text)): a path pattern holds no query and no fragment")
            } else {
                throw ValueProblem(
                    "\(Shown.value(text)): the character \(Shown.value(String(Unicode.Scalar(byte)))) cannot stand in a path (RFC 3986 §3.3)"
                )
            }
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// The irregular spellings that a request must be allowed for this pattern to match it.
    package static func features(of pattern: PathPattern) -> [(feature: PathFeatures, name: String)] {
        var found: [(PathFeatures, String)] = []
        for (index, segment) in pattern.segments.enumerated() {
            guard case .literal(let text) = segment else { continue }
            if text.isEmpty, index != pattern.segments.count - 1 { found.append((.emptySegments, "empty_segments")) }
            if text.contains(";") { found.append((.semicolon, "semicolon")) }
            if text.contains("%2F") { found.append((.encodedSlash, "encoded_slash")) }
            if text.contains("%5C") { found.append((.encodedBackslash, "encoded_backslash")) }
        }
        return found
    }

    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        PercentEncoding.isUnreserved(byte) || "!$&'()+,;=:@".utf8.contains(byte)
    }
}
