/// The document that tells a client why its request was refused (RFC 9457), with the gateway's stable code and the
/// request's id beside the registered members.
package enum Problem {
    /// The media type of the document.
    package static let mediaType: StaticString = "application/problem+json"

    /// Appends the document. `title`, `code` and `detail` are fixed texts; nothing of them depends on what the client
    /// sent.
    package static func append(
        status: Int, title: StaticString, code: StaticString, detail: StaticString, requestID: borrowing [UInt8],
        to out: inout [UInt8]
    ) {
        let code = code.withUTF8Buffer { Array($0) }
        append(status: status, title: title, code: code, detail: detail, requestID: requestID, to: &out)
    }

    /// The same with a code whose octets were made ready elsewhere.
    package static func append(
        status: Int, title: StaticString, code: borrowing [UInt8], detail: StaticString, requestID: borrowing [UInt8],
        to out: inout [UInt8]
    ) {
        append("{\"type\":\"about:blank\",\"title\":", to: &out)
        title.withUTF8Buffer { appendString($0, to: &out) }
        append(",\"status\":", to: &out)
        let shown = min(max(status, 100), 999)
        out.append(0x30 &+ UInt8(truncatingIfNeeded: shown / 100))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: shown / 10 % 10))
        out.append(0x30 &+ UInt8(truncatingIfNeeded: shown % 10))
        append(",\"code\":", to: &out)
        code.withUnsafeBufferPointer { appendString($0, to: &out) }
        append(",\"detail\":", to: &out)
        detail.withUTF8Buffer { appendString($0, to: &out) }
        if !requestID.isEmpty {
            append(",\"request_id\":", to: &out)
            requestID.withUnsafeBufferPointer { appendString($0, to: &out) }
        }
        append("}\n", to: &out)
    }

    private static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }

    /// A JSON string; whatever is not visible ASCII becomes `?`.
    private static func appendString(_ octets: UnsafeBufferPointer<UInt8>, to out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for octet in octets {
            if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") { out.append(UInt8(ascii: "\\")) }
            out.append(octet >= 0x20 && octet < 0x7F ? octet : UInt8(ascii: "?"))
        }
        out.append(UInt8(ascii: "\""))
    }
}
