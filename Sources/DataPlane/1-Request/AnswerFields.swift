import Admission
import HTTP

/// Fields and documents that the gateway adds to answers, or answers with.
enum AnswerFields {
    /// What every answer gets: the request id, and where the caller stands with its limits.
    static func append(
        requestID: borrowing FieldValue, allowance: borrowing Allowance, to fields: inout FieldList
    ) {
        fields.append("X-Request-Id", requestID)
        if !allowance.lines.isEmpty { appendLimits(allowance, to: &fields) }
    }

    /// A refusal: challenge, `DPoP-Nonce`, `Retry-After`, `Allow`, and the problem document (RFC 9457).
    static func append(
        _ refusal: Refusal, requestID: borrowing FieldValue, allowance: borrowing Allowance, resourceMetadata: [UInt8],
        fields: inout FieldList, body: inout [UInt8]
    ) {
        let facts = refusal.told.facts
        fields.append("Content-Type", Problem.mediaType)
        fields.append("Cache-Control", "no-store")
        fields.append("X-Request-Id", requestID)
        var challenge: [UInt8] = []
        if refusal.appendChallenge(resourceMetadata: resourceMetadata, to: &challenge) {
            fields.append("WWW-Authenticate", challenge)
        }
        if let nonce = refusal.nonce { fields.append("DPoP-Nonce") { $0.append(text: nonce) } }
        if let seconds = refusal.retryAfterSeconds { fields.append("Retry-After", decimal: seconds) }
        if !refusal.allow.isEmpty { fields.append("Allow") { $0.append(text: refusal.allow.joined(separator: ", ")) } }
        if !allowance.lines.isEmpty { appendLimits(allowance, to: &fields) }
        Problem.append(
            status: facts.status, title: facts.title, code: facts.word, detail: facts.detail,
            requestID: requestID.octets, to: &body)
    }

    /// The URL of a route's protected-resource metadata (RFC 9728 §5.1), on the host that the request names: the path
    /// is the route's.
    static func metadataURL(_ path: [UInt8], of head: borrowing RequestHead) -> [UInt8] {
        guard !path.isEmpty, !head.host.isEmpty else { return [] }
        var url = Array("https://".utf8) + head.block.bytes[head.host.range]
        if let port = head.port, port != 443 { url += Array(":\(port)".utf8) }
        return url + path
    }

    private static func appendLimits(_ allowance: borrowing Allowance, to fields: inout FieldList) {
        fields.append("RateLimit") { value in value.append { allowance.appendRateLimit(to: &$0) } }
        fields.append("RateLimit-Policy") { value in value.append { allowance.appendRateLimitPolicy(to: &$0) } }
    }
}
