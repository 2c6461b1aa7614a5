/// base64 with its padding (RFC 4648 §4), strictly: one text for each sequence of octets.
package enum Base64 {
    /// The octets that `text` stands for. nil for white space, `-`, `_`, any other octet, padding that is missing or
    /// elsewhere than at the end, and bits that are set behind the last octet.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bare = text
        for _ in 0..<2 where bare.last == UInt8(ascii: "=") { bare.removeLast() }
        for index in bare.indices {
            switch bare[index] {
            case UInt8(ascii: "+"): bare[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): bare[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: break
            }
        }
        return Base64URL.decode(bare.span)
    }

    /// With padding.
    package static func encode(_ octets: [UInt8]) -> String {
        var text: [UInt8] = []
        Base64URL.append(octets.span, to: &text)
        for index in text.indices {
            if text[index] == UInt8(ascii: "-") { text[index] = UInt8(ascii: "+") }
            if text[index] == UInt8(ascii: "_") { text[index] = UInt8(ascii: "/") }
        }
        while text.count % 4 != 0 { text.append(UInt8(ascii: "=")) }
        return String(decoding: text, as: UTF8.self)
    }
}
