/// Request methods by their case-sensitive tokens (RFC 9110 §9.1); what is not listed is `other`.
package enum Method: UInt8, Sendable, Equatable, CaseIterable {
    case get, head, post, put, delete, patch, options, connect, trace, other

    /// The method of a token whose octets are packed into one word, the last one lowest. Longer tokens than eight
    /// octets must not be asked for.
    @inline(__always)
    init(packed token: UInt64) {
        switch token {
        case 0x47_4554: self = .get
        case 0x4845_4144: self = .head
        case 0x504F_5354: self = .post
        case 0x50_5554: self = .put
        case 0x4445_4C45_5445: self = .delete
        case 0x50_4154_4348: self = .patch
        case 0x4F_5054_494F_4E53: self = .options
        case 0x43_4F4E_4E45_4354: self = .connect
        case 0x54_5241_4345: self = .trace
        default: self = .other
        }
    }

    /// The token; empty for `other`.
    package var token: StaticString {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .patch: "PATCH"
        case .options: "OPTIONS"
        case .connect: "CONNECT"
        case .trace: "TRACE"
        case .other: ""
        }
    }

    /// Sending the request twice has the effect of sending it once (RFC 9110 §9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        case .post, .patch, .connect, .other: false
        }
    }
}
