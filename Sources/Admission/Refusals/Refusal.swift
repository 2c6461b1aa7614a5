/// A request is not served, and why: what every deciding step throws.
package struct Refusal: Error, Sendable, Equatable {
    package let code: RefusalCode
    /// Seconds for `Retry-After`; nil: none is sent.
    package let retryAfterSeconds: Int?
    /// Methods for `Allow`, sorted; only with `method_not_allowed` (RFC 9110 §15.5.6).
    package let allow: [String]
    /// Value of the challenge's `scope` attribute, only octets that RFC 6750 §3 allows; empty: none is sent.
    package let scope: [UInt8]

    /// A refusal whose every answer follows from the table.
    package init(_ code: RefusalCode) {
        self.init(code, retryAfterSeconds: code.facts.retryAfterSeconds)
    }

    package init(_ code: RefusalCode, retryAfterSeconds: Int?, allow: [String] = [], scope: [UInt8] = []) {
        self.code = code
        self.retryAfterSeconds = retryAfterSeconds
        self.allow = allow
        self.scope = scope
    }

    init(_ code: RefusalCode, scope: [UInt8]) {
        self.init(code, retryAfterSeconds: code.facts.retryAfterSeconds, scope: scope)
    }
}
