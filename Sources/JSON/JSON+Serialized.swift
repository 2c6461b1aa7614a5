extension JSON {
    /// The value as JSON text in UTF-8; `pretty` with line breaks and two spaces of indentation.
    package func serialized(pretty: Bool = false) -> [UInt8] {
        var out: [UInt8] = []
        append(to: &out, indentation: pretty ? 0 : nil)
        return out
    }

    /// Appends the value as JSON text in UTF-8. A number that is not finite, which JSON cannot express, becomes `null`.
    package func append(to out: inout [UInt8]) { append(to: &out, indentation: nil) }

    private func append(to out: inout [UInt8], indentation: Int?) {
        switch self {
        case .null: JSONText.append("null", to: &out)
        case .bool(true): JSONText.append("true", to: &out)
        case .bool(false): JSONText.append("false", to: &out)
        case .integer(let value): JSONText.append(value, to: &out)
        case .number(let value):
            if value.isFinite {
                out.append(contentsOf: value.description.utf8)
            } else {
                JSONText.append("null", to: &out)
            }
        case .string(let value): JSONText.appendEscaped(value, to: &out)
        case .array(let elements):
            Self.append(elements, open: "[", close: "]", to: &out, indentation: indentation) { element, out, inner in
                element.append(to: &out, indentation: inner)
            }
        case .object(let object):
            Self.append(object.members, open: "{", close: "}", to: &out, indentation: indentation) {
                member, out, inner in
                JSONText.appendEscaped(member.name, to: &out)
                JSONText.append(inner == nil ? ":" : ": ", to: &out)
                member.value.append(to: &out, indentation: inner)
            }
        }
    }

    private static func append<Item>(
        _ items: [Item], open: StaticString, close: StaticString, to out: inout [UInt8], indentation: Int?,
        each: (Item, inout [UInt8], Int?) -> Void
    ) {
        JSONText.append(open, to: &out)
        let inner = indentation.map { $0 + 2 }
        for index in items.indices {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            lineBreak(to: &out, indentation: inner)
            each(items[index], &out, inner)
        }
        if !items.isEmpty { lineBreak(to: &out, indentation: indentation) }
        JSONText.append(close, to: &out)
    }

    private static func lineBreak(to out: inout [UInt8], indentation: Int?) {
        guard let indentation else { return }
        out.append(0x0A)
        out.append(contentsOf: repeatElement(0x20, count: indentation))
    }
}
