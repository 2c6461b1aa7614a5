/// A request is not served, and why: what every deciding step throws.
package struct Refusal: Error, Sendable, Equatable {
    package let code: RefusalCode
    /// What the client is told instead, with the same status: of an issuer that not everybody is to know of, it must
    /// not learn that it is there. Records have `code`.
    package private(set) var told: RefusalCode
    /// Seconds for `Retry-After`; nil: none is sent.
    package let retryAfterSeconds: Int?
    /// Methods for `Allow`, sorted; only with `method_not_allowed` (RFC 9110 §15.5.6).
    package let allow: [String]
    /// Value of the challenge's `scope` attribute, only octets that RFC 6750 §3 allows; empty: none is sent.
    package let scope: [UInt8]
    /// `acr_values` and `max_age` of the challenge, written out (RFC 9470 §3); empty: none.
    package let authentication: [UInt8]

    /// Which scheme the challenge asks for.
    package private(set) var challenge = ChallengeScheme.bearer
    /// Value of `DPoP-Nonce` (RFC 9449 §9); nil: none is sent.
    package private(set) var nonce: String?
    /// What records say besides; nil: the code says all that there is to say. Nothing of it reaches the client.
    package private(set) var difference: Difference?

    /// A refusal whose every answer follows from the table.
    package init(_ code: RefusalCode) {
        self.init(code, retryAfterSeconds: code.facts.retryAfterSeconds)
    }

    /// A refusal with what only this request knows: when to come again, which methods there are, which scope or which
    /// log-in is missing.
    package init(
        _ code: RefusalCode, retryAfterSeconds: Int?, allow: [String] = [], scope: [UInt8] = [],
        authentication: [UInt8] = []
    ) {
        self.code = code
        told = code
        self.retryAfterSeconds = retryAfterSeconds
        self.allow = allow
        self.scope = scope
        self.authentication = authentication
    }

    init(_ code: RefusalCode, scope: [UInt8], authentication: [UInt8] = []) {
        self.init(
            code, retryAfterSeconds: code.facts.retryAfterSeconds, scope: scope, authentication: authentication)
    }

    /// The same refusal, with another face to the client.
    func told(as code: RefusalCode) -> Refusal {
        var other = self
        if code.facts.status == self.code.facts.status { other.told = code }
        return other
    }

    /// The same refusal with a challenge of this scheme.
    func asking(_ challenge: ChallengeScheme) -> Refusal {
        var refusal = self
        refusal.challenge = challenge
        return refusal
    }

    /// The same refusal with a nonce for the next proof.
    func giving(nonce: String) -> Refusal {
        var refusal = self
        refusal.nonce = nonce
        return refusal
    }
}

extension Refusal {
    /// The same refusal with what was found where something else was expected.
    func noting(_ difference: Difference) -> Refusal {
        var refusal = self
        refusal.difference = difference
        return refusal
    }
}

/// The authentication scheme of a challenge (RFC 9110 §11.3).
package enum ChallengeScheme: Sendable, Equatable {
    /// RFC 6750 §3
    case bearer
    /// RFC 9449 §7.1, with the names of the algorithms that proofs may have, separated by spaces.
    case dpop(algorithms: [UInt8])
    /// Either will do (RFC 9449 §7.2).
    case bearerOrDPoP(algorithms: [UInt8])

    var orBearer: ChallengeScheme {
        if case .dpop(let algorithms) = self { .bearerOrDPoP(algorithms: algorithms) } else { self }
    }
}
