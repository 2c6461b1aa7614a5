// fuzz: with RequestCookies.swift
import HTTP

/// Reads each line of the input as a `Cookie` field.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let octets = Array(UnsafeBufferPointer(start: data, count: count))
    let lines = octets.split(separator: 0x0A).map { String(decoding: $0, as: UTF8.self) }
    for name in [BrowserCookie.name, "a"] {
        let value = cookie(name, of: lines)
        precondition(value == slowly(name, lines), "the two readers disagree")
        guard let value else { continue }
        precondition(!value.utf8.contains(UInt8(ascii: ";")), "a value holds another cookie")
        let pair = "\(name)=\(value)"
        precondition(cookie(name, of: [pair]) == value, "what was written reads as something else")
        precondition(cookie(name, of: ["x=1; \(pair);y=2"]) == value)
        for twice in [lines + [pair], [pair] + lines, ["\(pair); \(pair)"]] {
            precondition(cookie(name, of: twice) == nil, "one of two cookies of a name counts")
        }
    }
    if let browser = BrowserCookie(request(lines)) {
        precondition(browser.secret.utf8.count == 43 && !browser.key.isEmpty)
        precondition(browser.field.value.hasPrefix("\(BrowserCookie.name)=\(browser.secret); "))
    }
    return 0
}

func request(_ lines: [String]) -> ServiceRequest {
    ServiceRequest(method: "GET", path: "/", fields: lines.map { ("cookie", $0) })
}

func cookie(_ name: String, of lines: [String]) -> String? { request(lines).cookie(name) }

/// RFC 6265 §5.4, octet by octet: of the pieces between semicolons the only one that begins with the name and `=`.
func slowly(_ name: String, _ lines: [String]) -> String? {
    var values: [[UInt8]] = []
    for line in lines {
        for piece in line.utf8.split(separator: UInt8(ascii: ";")) {
            let trimmed = piece.drop { $0 == 0x20 || $0 == 0x09 }
            if trimmed.starts(with: "\(name)=".utf8) { values.append(Array(trimmed.dropFirst(name.utf8.count + 1))) }
        }
    }
    return values.count == 1 ? String(decoding: values[0], as: UTF8.self) : nil
}
