package import HTTP

/// One line of what is allowed: which requests, who may send them, how often, and where they go.
package struct Route: Sendable, Equatable {
    /// Where its requests go.
    package enum Destination: Sendable, Equatable {
        /// Index into `Policy.upstreams`.
        case upstream(Int)
        /// A service inside the process.
        case local(LocalServiceName)
    }
    /// Unique in the policy; in records, logs and limits.
    package var id: String
    /// Which requests are its own.
    package var match: RouteMatchRule
    /// nil: `public: true`.
    package var require: Requirement?
    /// Indices into `Policy.limits`, all of which must allow.
    package var limits: [Int]
    package var destination: Destination
    /// The client's bearer token is passed on to the upstream.
    package var forwardToken: Bool
    /// Irregular path spellings that this route's service needs.
    package var allowPath: PathFeatures
    /// nil: the gateway's own bound; `.some(nil)`: unbounded.
    package var bodyBytesMax: Int??
    /// `Upgrade` (WebSocket) is passed on.
    package var allowUpgrade: Bool
    package var timeouts = RouteTimeouts()
    /// Request fields whose names have these are passed on, unless they are another spelling of a field that the gateway
    /// knows or removes.
    package var allowFieldNames: FieldNameFeatures = []
    /// 1-based line in `routes.yaml`; 0 for a route that the gateway itself adds.
    package var line: Int
    /// Whose scripts may read what the gateway itself answers here, such as 429; nil: nobody else's. What the destination
    /// answers is its own affair.
    package var crossOrigin: CrossOriginRule?
    /// It exists on listeners of this machine only (`Listener.isForThisMachine`).
    package var isForThisMachine = false

    package init(
        id: String, match: RouteMatchRule, require: Requirement?, limits: [Int], destination: Destination,
        forwardToken: Bool = false, allowPath: PathFeatures = [], bodyBytesMax: Int?? = nil, allowUpgrade: Bool = false,
        line: Int = 0
    ) {
        self.id = id
        self.match = match
        self.require = require
        self.limits = limits
        self.destination = destination
        self.forwardToken = forwardToken
        self.allowPath = allowPath
        self.bodyBytesMax = bodyBytesMax
        self.allowUpgrade = allowUpgrade
        self.line = line
    }
}

/// Services inside the process that a route can lead to.
package enum LocalServiceName: String, Sendable, Equatable, CaseIterable {
    case authorizationServer = "authorization_server"
    /// Health of the gateway: `/` style JSON with policy hash, insecurities, upstreams.
    case health
    /// Protected-resource metadata (RFC 9728).
    case resourceMetadata = "resource_metadata"
    /// Management of the authorization server.
    case admin
    /// The public keys of what the gateway signs for services.
    case upstreamTokens = "upstream_tokens"
}

/// Which requests a route is for. All of its conditions must hold.
package struct RouteMatchRule: Sendable, Equatable {
    /// Lower-case host names; `*.example.com` matches one label or more; empty: any host.
    package var hosts: [String]
    /// Empty: any method. GET does not imply HEAD.
    package var methods: [String]
    /// Compared with the normalised path.
    package var path: PathPattern
    package init(hosts: [String], methods: [String], path: PathPattern) {
        self.hosts = hosts
        self.methods = methods
        self.path = path
    }
}

/// `/orders/{id}/lines/{rest...}`: literal segments, one-segment captures, and a rest capture at the end.
///
/// `{rest...}` matches zero or more segments: `/orders/{rest...}` matches `/orders`, `/orders/` and `/orders/7/lines`.
/// `{id}` matches one segment that is not empty.
///
/// `segments` are what stands between the slashes, so that `/` is `[.literal("")]`, `/orders` is `[.literal("orders")]`
/// and `/orders/` is `[.literal("orders"), .literal("")]`.
package struct PathPattern: Sendable, Equatable {
    /// What one segment of a path must be.
    package enum Segment: Sendable, Equatable, Hashable {
        /// Normalised, percent-encoded as it stands in a normalised path.
        case literal(String)
        /// Any one segment that is not empty, under this name.
        case capture(String)
        /// All segments that are left, under this name; only as the last one.
        case rest(String)
    }
    /// Captures of a path that are remembered, in their order; further ones match all the same.
    package static let capturesRememberedMax = 8

    /// As in `routes.yaml`.
    package var text: String
    package var segments: [Segment]
    package init(text: String, segments: [Segment]) {
        self.text = text
        self.segments = segments
    }
}

/// What a caller must show.
package struct Requirement: Sendable, Equatable {
    /// Indices into `Policy.issuers`; never empty unless only `clientCertificate` is required.
    package var issuers: [Int]
    /// All of these.
    package var scopes: [String]
    /// At least one of these, when not empty.
    package var anyScope: [String]
    /// All of these.
    package var claims: [ClaimRule]
    /// A verified client certificate on the connection.
    package var clientCertificate: Bool
    /// When not empty: the client certificate must carry one of these (`spiffe://…` URI SAN or `dns:` name).
    package var clientIdentities: [UpstreamIdentity]
    /// When not empty: narrows the issuers' audiences for this route.
    package var audiences: [String]
    /// When not empty: how the user must have been authenticated, one of these (`acr`, RFC 9470).
    package var acr: [String] = []
    /// How long ago the user may have been authenticated at most (`auth_time`, RFC 9470).
    package var maxAge: Duration?
    /// How tokens must be bound to who sends them; nil: a plain bearer token will do.
    package var proof: ProofRequirement?
    /// DPoP proofs must have a nonce of the gateway's (RFC 9449 §9).
    package var dpopNonce: Bool
    package init(
        issuers: [Int], scopes: [String] = [], anyScope: [String] = [], claims: [ClaimRule] = [],
        clientCertificate: Bool = false, clientIdentities: [UpstreamIdentity] = [], audiences: [String] = [],
        proof: ProofRequirement? = nil, dpopNonce: Bool = false
    ) {
        self.issuers = issuers
        self.scopes = scopes
        self.anyScope = anyScope
        self.claims = claims
        self.clientCertificate = clientCertificate
        self.clientIdentities = clientIdentities
        self.audiences = audiences
        self.proof = proof
        self.dpopNonce = dpopNonce
    }
}

/// Which sender-constrained tokens count on a route.
package enum ProofRequirement: String, Sendable, Equatable, CaseIterable {
    /// Bound to a key, and every request proves that its sender has it (RFC 9449).
    case dpop
    /// Bound to the client certificate of the connection (RFC 8705 §3).
    case mtls
    /// One of them.
    case any
}

/// A condition on one claim. A claim that is missing or of another type does not satisfy it.
package struct ClaimRule: Sendable, Equatable {
    /// What is asked of the claim's value.
    package enum Condition: Sendable, Equatable {
        /// The claim is this value.
        case equals(ClaimScalar)
        /// The claim is one of these values.
        case oneOf([ClaimScalar])
        /// The claim is an array (or a space-delimited string) that has this member.
        case contains(ClaimScalar)
        /// The claim is a text, the whole of which the pattern describes.
        case matches(TextPattern)
    }
    /// Path of member names, outermost first.
    package var claim: [String]
    package var condition: Condition
    package init(claim: [String], condition: Condition) {
        self.claim = claim
        self.condition = condition
    }
}

/// A value that a claim is compared with. Types are never converted: the text `1` is not the number 1.
package enum ClaimScalar: Sendable, Equatable, Hashable {
    /// Compared octet by octet.
    case string(String)
    /// Compared as IEEE 754 doubles, like JSON numbers everywhere here.
    case number(Double)
    /// `true` or `false`.
    case bool(Bool)
    /// What the route's path captured under this name, percent-decoded: a text. `index`: in the order of the pattern.
    case capture(index: Int, name: String)
}

/// A token bucket (GCRA) for each value of its key.
package struct RateLimit: Sendable, Equatable {
    /// What requests are told apart by: each value, or combination of values, has a bucket of its own. Where the
    /// request has no such value, another one counts.
    package enum Key: Sendable, Equatable {
        case clientID, subject, ip, route
        /// A claim of the token, by its path: member names, outermost first.
        case claim([String])
    }
    /// In the answer's fields, in records and in the log.
    package var name: String
    /// Never empty; several: each combination has its own bucket.
    package var by: [Key]
    /// `count` requests each `period`.
    package var count: Int
    /// One second to one day.
    package var period: Duration
    /// Requests that may come at once, 1 at least.
    package var burst: Int
    package init(name: String, by: [Key], count: Int, period: Duration, burst: Int) {
        self.name = name
        self.by = by
        self.count = count
        self.period = period
        self.burst = burst
    }
}

extension RateLimit.Key {
    /// As in `routes.yaml`.
    package var text: String {
        switch self {
        case .clientID: "client_id"
        case .subject: "subject"
        case .ip: "ip"
        case .route: "route"
        case .claim(let path): "{claim: \(ClaimPath.text(path))}"
        }
    }
}
