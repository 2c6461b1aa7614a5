/// Why a request was not served: one stable word for each reason.
///
/// `facts` is the one table that turns a code into its word and everything else. The raw value only counts the
/// cases, for tables and counters that have one place for each; it is never shown.
package enum RefusalCode: UInt8, Sendable, CaseIterable {
    // Reading the request
    case badFraming
    case badHost
    case headTooLarge
    case targetTooLong
    case versionNotSupported
    case methodNotSupported
    case badPath
    case bodyTooLarge
    case requestTimeout
    case bodyTooSlow
    case expectationFailed
    // The gateway itself
    case auditUnavailable
    case signingFailed
    // Match
    case noRoute
    case methodNotAllowed
    case misdirected
    // Authenticate: credentials as sent
    case missingToken
    case malformedCredentials
    case ambiguousCredentials
    case tooManyBadTokens
    // Authenticate: the token is bad
    case malformedToken
    case tokenTooComplex
    case unsupportedAlgorithm
    case wrongType
    case wrongIssuer
    case unknownKey
    case badSignature
    case malformedClaims
    case expiredToken
    case notYetValid
    case issuedInFuture
    case wrongAudience
    case inactiveToken
    case introspectionMismatch
    case revokedToken
    case wrongCertificate
    case missingProof
    case unboundToken
    case wrongProofKey
    case unknownConfirmation
    // Authenticate: the proof of possession is bad
    case malformedProof
    case badProofKey
    case badProofSignature
    case wrongProofTarget
    case wrongProofToken
    case staleProof
    case replayedProof
    case nonceRequired
    // Authenticate: nothing can be said about the token right now
    case keysUnavailable
    case introspectionUnavailable
    case proofsUnavailable
    case signatureCheckUnavailable
    // Authorize
    case insufficientScope
    case claimMismatch
    case insufficientUserAuthentication
    case certificateRequired
    case wrongClientIdentity
    // Limit
    case rateLimited
    case tooManyInFlight
    // Pick and forward
    case noHealthyUpstream
    case upstreamUnreachable
    case upstreamTimeout
    case upstreamBadResponse
    case wrongUpstreamIdentity
}

/// Everything that follows from a code.
package struct RefusalFacts: Sendable {
    /// Who has to change something before the same request can succeed.
    package enum Fault: String, Sendable {
        /// The sender of this request.
        case client
        /// The gateway, its configuration or its machine.
        case gateway
        /// The service behind the gateway.
        case upstream
    }
    /// The error words of RFC 6750 §3.1 and, with `none`, the challenge of a request that showed no credentials.
    package enum Challenge: Sendable, Equatable {
        /// The answer carries no `WWW-Authenticate`.
        case absent
        /// `Bearer` with a realm and no error code (RFC 6750 §3.1, last paragraph).
        case noError
        case invalidRequest
        case invalidToken
        case insufficientScope
        /// RFC 9470 §3.
        case insufficientUserAuthentication
        /// RFC 9449 §7.1
        case invalidProof
        /// RFC 9449 §9: `use_dpop_nonce`
        case useNonce
    }
    /// What the audit record, the problem document and the metrics say; it never changes its meaning.
    package var word: StaticString
    /// HTTP status code (RFC 9110 §15).
    package var status: Int
    /// What a gRPC client is told instead of the HTTP status.
    package var grpcStatus: GRPCStatus
    package var challenge: Challenge
    package var fault: Fault
    /// `Retry-After` in seconds where it does not depend on the request.
    package var retryAfterSeconds: Int?
    /// `title` of the problem document (RFC 9457 §3.1.3): the same for every occurrence.
    package var title: StaticString
    /// `detail` of the problem document and `error_description` of the challenge; only characters that RFC 6750 §3
    /// allows.
    package var detail: StaticString

    init(
        _ word: StaticString, _ status: Int, _ grpcStatus: GRPCStatus, _ challenge: Challenge, _ fault: Fault,
        retryAfter: Int? = nil,
        _ title: StaticString, _ detail: StaticString
    ) {
        self.word = word
        self.status = status
        self.grpcStatus = grpcStatus
        self.challenge = challenge
        self.fault = fault
        self.retryAfterSeconds = retryAfter
        self.title = title
        self.detail = detail
    }
}
