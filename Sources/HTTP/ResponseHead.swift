/// The head of an answer (RFC 9112 §4). One for each upstream connection, refilled like a `RequestHead`.
package struct ResponseHead: Sendable {
    /// Octets and fields.
    package internal(set) var block = FieldBlock()

    /// 100 to 599.
    package internal(set) var status = 0
    /// HTTP/1.0; otherwise 1.1. Other versions are no answer.
    package internal(set) var isHTTP10 = false
    /// The connection can be used again once the answer is read, as far as the upstream is concerned.
    package internal(set) var keepAlive = false
    /// What the fields say, whatever method and status say.
    var declared = BodyFraming.untilClose

    package init() {}

    /// How the body of this answer to a request with `method` is framed (RFC 9112 §6.3).
    package func framing(answering method: Method) throws(HeadError) -> BodyFraming {
        if status == 101 { return .tunnel }
        if status < 200 || status == 204 {
            // RFC 9112 §6.1: "MUST NOT send". Whoever does may well send the chunks too.
            if declared == .chunked { throw .transferEncodingWithoutBody }
            return .none
        }
        if method == .head || status == 304 { return .none }
        return declared
    }

    /// Forgets the last answer; keeps the memory.
    mutating func clear() {
        block.clear()
        status = 0
        isHTTP10 = false
        keepAlive = false
        declared = .untilClose
    }
}
