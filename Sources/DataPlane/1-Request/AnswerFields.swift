import Admission
import HTTP

/// Field lines and documents that the gateway adds to answers, or answers with.
enum AnswerFields {
    /// What every answer gets: the request id, and where the caller stands with its limits.
    static func append(
        requestID: [UInt8], allowance: borrowing Allowance, to writer: inout ByteWriter
    ) {
        writer.append("X-Request-Id: ")
        writer.append(requestID)
        writer.append("\r\n")
        if !allowance.lines.isEmpty { writer.append { appendLimits(allowance, to: &$0) } }
    }

    /// A refusal: challenge, `DPoP-Nonce`, `Retry-After`, `Allow`, and the problem document (RFC 9457).
    static func append(
        _ refusal: Refusal, requestID: [UInt8], allowance: borrowing Allowance, resourceMetadata: [UInt8],
        fields: inout [UInt8], body: inout [UInt8]
    ) {
        let facts = refusal.told.facts
        append("Content-Type: application/problem+json\r\nCache-Control: no-store\r\nX-Request-Id: ", to: &fields)
        fields.append(contentsOf: requestID)
        append("\r\n", to: &fields)
        var challenge: [UInt8] = []
        if refusal.appendChallenge(resourceMetadata: resourceMetadata, to: &challenge) {
            append("WWW-Authenticate: ", to: &fields)
            fields.append(contentsOf: challenge)
            append("\r\n", to: &fields)
        }
        if let nonce = refusal.nonce {
            append("DPoP-Nonce: ", to: &fields)
            fields.append(contentsOf: Array(nonce.utf8))
            append("\r\n", to: &fields)
        }
        if let seconds = refusal.retryAfterSeconds {
            append("Retry-After: ", to: &fields)
            fields.append(contentsOf: Array(String(seconds).utf8))
            append("\r\n", to: &fields)
        }
        if !refusal.allow.isEmpty {
            append("Allow: ", to: &fields)
            fields.append(contentsOf: Array(refusal.allow.joined(separator: ", ").utf8))
            append("\r\n", to: &fields)
        }
        if !allowance.lines.isEmpty { appendLimits(allowance, to: &fields) }
        Problem.append(
            status: facts.status, title: facts.title, code: facts.word, detail: facts.detail,
            requestID: requestID, to: &body)
    }

    /// The URL of a route's protected-resource metadata (RFC 9728 §5.1), on the host that the request names: the path
    /// is the route's.
    static func metadataURL(_ path: [UInt8], of head: borrowing RequestHead) -> [UInt8] {
        guard !path.isEmpty, !head.host.isEmpty else { return [] }
        var url = Array("https://".utf8) + head.block.bytes[head.host.range]
        if let port = head.port, port != 443 { url += Array(":\(port)".utf8) }
        return url + path
    }

    private static func appendLimits(_ allowance: borrowing Allowance, to out: inout [UInt8]) {
        append("RateLimit: ", to: &out)
        allowance.appendRateLimit(to: &out)
        append("\r\nRateLimit-Policy: ", to: &out)
        allowance.appendRateLimitPolicy(to: &out)
        append("\r\n", to: &out)
    }

    private static func append(_ text: StaticString, to out: inout [UInt8]) {
        text.withUTF8Buffer { out.append(contentsOf: $0) }
    }
}
