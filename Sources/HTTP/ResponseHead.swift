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
    /// Why they say nothing; nil: they do.
    var framingFault: HeadError?

    package init() {}

    /// How the body of this answer to a request with `method` is framed (RFC 9112 §6.3).
    package func framing(answering method: Method) throws(HeadError) -> BodyFraming {
        if status == 101 { return .tunnel }
        if hasNoBody(answering: method) {
            // RFC 9112 §6.1: "MUST NOT send". Whoever does may well send the chunks too, where the next head is expected.
            if status < 200, declared == .chunked { throw .transferEncodingWithoutBody }
            return .none
        }
        if let framingFault { throw framingFault }
        return declared
    }

    /// The connection can be used again once the answer is read. Without a body the answer ends with its head, whatever it
    /// says of one (RFC 9112 §6.3 item 1); but what says something else may be followed by something else.
    package func keepsAlive(answering method: Method) -> Bool {
        guard keepAlive, framingFault == nil else { return false }
        return !(status == 204 && declared != .untilClose && declared != .length(0))
    }

    /// What the answer to HEAD, or 304, says of the length of the body that it does not have; nil: nothing, or nonsense.
    package var lengthOfAbsentBody: Int? {
        if framingFault == nil, case .length(let length) = declared { return length }
        return nil
    }

    private func hasNoBody(answering method: Method) -> Bool {
        status < 200 || status == 204 || status == 304 || method == .head
    }

    /// Forgets the last answer; keeps the memory.
    mutating func clear() {
        block.clear()
        status = 0
        isHTTP10 = false
        keepAlive = false
        declared = .untilClose
        framingFault = nil
    }
}
