/// What is counted of one request and its answer: octets, and monotonic nanoseconds; 0: not yet.
package struct ExchangeFigures: Sendable, Equatable {
    /// When the request's head was read.
    package internal(set) var startedAt: Int64 = 0
    /// Of the request's body, as far as it has come.
    package internal(set) var bodyBytesIn = 0
    /// Of the answer's body.
    package internal(set) var bodyBytesOut = 0
    /// Of the final answer; 0: there is none.
    package internal(set) var status = 0
    /// When the last attempt to forward the request began.
    package internal(set) var upstreamStartedAt: Int64 = 0
    /// When the upstream's final head arrived.
    package internal(set) var upstreamFirstByteAt: Int64 = 0
    /// How often the request was sent, or was to be sent.
    package internal(set) var upstreamAttempts = 0
    /// A connection was used whose other end had proved its identity.
    package internal(set) var upstreamVerified = false
}
