package import Admission
package import Issuers
package import Transport

// What the data plane asks of the control plane in the middle of a decision. Both are asked on event loops, only when
// a request needs something that its loop does not know, and never wait.

/// Knows one issuer's keys, and fetches them when there is need.
package protocol IssuerKeySource: AnyObject, Sendable {
    /// What `routes.yaml` calls the issuer.
    var name: String { get }
    /// The keys as they are now; nil: none.
    var keys: IssuerKeys? { get }
    /// Whether the issuer has the key with this `kid` (nil: any key), and begins a fetch if that may tell. When the
    /// fetch ends, `PendingRequests.answered` is called on every loop.
    func wanted(kid: String?) -> KeyRing.Answer
}

/// Asks one issuer about its tokens (RFC 7662).
package protocol IntrospectionSource: AnyObject, Sendable {
    /// What is known of a token. Begins to ask the issuer if nothing is.
    /// - Parameters:
    ///   - since: when this request began to ask, in monotonic nanoseconds.
    ///   - pending: is told on its loop when a pending answer is there.
    func asked(_ digest: Digest256, token: [UInt8], since: Int64, pending: LoopBound<PendingRequests>)
        -> IntrospectionStanding
}

/// What is known of a token that an issuer is asked about.
package enum IntrospectionStanding {
    /// The issuer vouches for it, until then (monotonic nanoseconds).
    case active(IntrospectionVerdict, freshUntil: Int64)
    /// The issuer does not vouch for it.
    case inactive
    /// The issuer is being asked; whoever waits for this subject will be told.
    case pending(PendingRequests.Subject)
    /// It cannot be found out now.
    case unknowable(retryAfterSeconds: Int)
}
