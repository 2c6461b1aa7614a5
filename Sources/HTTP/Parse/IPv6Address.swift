import Octets

/// An IPv6 address as a host names it: many texts, one of which is canonical (RFC 5952 §4).
package struct IPv6Address: Sendable, Equatable {
    private let value: UInt128

    /// Reads a text without brackets (RFC 3986 §3.2.2): eight groups, of which one run of zeros may be left out, and the
    /// last two of which may be an IPv4 address. nil: it is none.
    init?(_ text: Span<UInt8>, from start: Int, to end: Int) {
        var index = start
        var head: UInt128 = 0
        var tail: UInt128 = 0
        var headCount = 0
        var tailCount = 0
        var hasGap = false
        if end &- start >= 2, text[start] == UInt8(ascii: ":") {
            guard text[start &+ 1] == UInt8(ascii: ":") else { return nil }
            hasGap = true
            index = start &+ 2
        }
        while index < end {
            let groupStart = index
            var group: UInt128 = 0
            while index < end, index &- groupStart < 4, let digit = Hex.value(text[index]) {
                group = group << 4 | UInt128(digit)
                index &+= 1
            }
            var count = 1
            if index < end, text[index] == UInt8(ascii: ".") {
                guard let four = Self.fourOctets(text, from: groupStart, to: end) else { return nil }
                group = UInt128(four)
                count = 2
                index = end
            } else if index == groupStart {
                return nil
            }
            if hasGap {
                tail = tail << UInt128(16 &* count) | group
                tailCount &+= count
            } else {
                head = head << UInt128(16 &* count) | group
                headCount &+= count
            }
            guard headCount &+ tailCount <= 8 else { return nil }
            guard index < end else { break }
            guard text[index] == UInt8(ascii: ":"), index &+ 1 < end else { return nil }
            index &+= 1
            if text[index] == UInt8(ascii: ":") {
                guard !hasGap else { return nil }
                hasGap = true
                index &+= 1
            }
        }
        guard hasGap ? headCount &+ tailCount < 8 : headCount == 8 else { return nil }
        value = hasGap && headCount > 0 ? head << UInt128(16 &* (8 &- headCount)) | tail : head | tail
    }

    /// `192.0.2.1`, each number without zeros in front.
    private static func fourOctets(_ text: Span<UInt8>, from start: Int, to end: Int) -> UInt32? {
        var value: UInt32 = 0
        var number: UInt32 = 0
        var digits = 0
        var numbers = 0
        for index in start...end {
            if index == end || text[index] == UInt8(ascii: ".") {
                guard digits > 0, number <= 255, numbers < 4 else { return nil }
                value = value << 8 | number
                numbers &+= 1
                (number, digits) = (0, 0)
                continue
            }
            let digit = text[index] &- 0x30
            guard digit < 10, digits < 3, digits == 0 || number > 0 else { return nil }
            number = number &* 10 &+ UInt32(digit)
            digits &+= 1
        }
        return numbers == 4 ? value : nil
    }

    /// Writes the canonical text, without brackets.
    func append(to octets: inout [UInt8]) {
        if value >> 32 == 0xFFFF {
            octets.append(contentsOf: "::ffff:".utf8)
            for shift in [24, 16, 8, 0] {
                if shift < 24 { octets.append(UInt8(ascii: ".")) }
                octets.append(contentsOf: String(UInt8(truncatingIfNeeded: value >> UInt128(shift))).utf8)
            }
            return
        }
        // The longest run of two zeros or more, the first of those that are as long.
        var run = 0..<0
        var start = 0
        for place in 0...8 where place == 8 || group(place) != 0 {
            if place &- start >= 2, place &- start > run.count { run = start..<place }
            start = place &+ 1
        }
        var place = 0
        while place < 8 {
            if place == run.lowerBound, !run.isEmpty {
                octets.append(contentsOf: "::".utf8)
                place = run.upperBound
                continue
            }
            if place > 0, place != run.upperBound || run.isEmpty { octets.append(UInt8(ascii: ":")) }
            octets.append(contentsOf: String(group(place), radix: 16).utf8)
            place &+= 1
        }
    }

    private func group(_ place: Int) -> UInt16 { UInt16(truncatingIfNeeded: value >> UInt128(16 &* (7 &- place))) }

    /// A host as requests have it after they were read: an address in brackets in its canonical text, anything else as it
    /// is.
    package static func canonicalHost(_ host: String) -> String {
        let octets = Array(host.utf8)
        guard octets.count > 2, octets.first == UInt8(ascii: "["), octets.last == UInt8(ascii: "]"),
            let address = IPv6Address(octets.span, from: 1, to: octets.count &- 1)
        else { return host }
        var text: [UInt8] = []
        address.append(to: &text)
        return "[\(String(decoding: text, as: UTF8.self))]"
    }
}
