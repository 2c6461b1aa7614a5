import Mustache

/// Escaping for HTML, text and quoted attributes alike. The template library's own works on characters as people see
/// them, so that a quotation mark with a combining accent behind it would go through as it is; a browser sees the
/// quotation mark.
struct HTMLText: MustacheContentType {
    /// What templates begin with. A template is not read at all unless the name is known.
    static let pragma = "{{% CONTENT_TYPE:OCTETWISE_HTML}}"

    static func register() { MustacheContentTypes.register(HTMLText(), named: "OCTETWISE_HTML") }

    func escapeText(_ text: String) -> String {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count)
        for octet in text.utf8 {
            switch octet {
            case UInt8(ascii: "<"): out += "&lt;".utf8
            case UInt8(ascii: ">"): out += "&gt;".utf8
            case UInt8(ascii: "&"): out += "&amp;".utf8
            case UInt8(ascii: "\""): out += "&quot;".utf8
            case UInt8(ascii: "'"): out += "&#39;".utf8
            case UInt8(ascii: "`"): out += "&#96;".utf8
            // No control character has any business in a page.
            case 0..<0x20, 0x7F: out.append(0x20)
            default: out.append(octet)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

extension String {
    /// A name that somebody else chose, for people: cut to what fits a line, without characters that turn the direction
    /// of what stands around them or that nobody sees.
    package func shownOnPage(_ most: Int = 80) -> String {
        let plain = unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned: false
            default: true
            }
        }
        let text = String(String.UnicodeScalarView(plain))
        return text.count <= most ? text : text.prefix(most) + "…"
    }
}
