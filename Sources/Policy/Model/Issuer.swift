package import HTTP
package import JOSE

/// Who may have issued a token, and how its tokens are judged.
package struct Issuer: Sendable, Equatable {
    /// Where the keys come from that its tokens are verified with.
    package enum Keys: Sendable, Equatable {
        /// The built-in authorization server's own keys.
        case embedded
        /// A JWK Set in a file, re-read when it changes.
        case jwksFile(String)
        /// Fetched over the network, and kept up to date.
        case fetched(KeyFetching)
        /// It is asked about each of its tokens, and none is verified here.
        case unneeded
    }
    /// What `routes.yaml` calls it.
    package var name: String
    /// Compared code point by code point with `iss` (RFC 8414 §3.3). With `tenants` it holds `{tenantid}` once.
    package var identifier: String
    /// Other identifiers of the same issuer; they count like the first. With `tenants` each may hold `{tenantid}`.
    package var aliases: [String] = []
    /// What may stand for `{tenantid}`, and then in `tid` too. Empty: the identifier is no template.
    package var tenants: [String] = []
    package var keys: Keys
    /// Whether the signature decides, the issuer's answer, or both.
    package var judgement = TokenJudgement.jwt
    /// How it is asked about tokens; nil when `judgement` is `.jwt`.
    package var introspection: Introspection?
    /// At least one; a token must name one of them in `aud`.
    package var audiences: [String]
    /// Where its tokens name them: member names, outermost first.
    package var audienceClaim = ["aud"]
    /// What must be true of its tokens, whatever the route; a token of which it is not is no access token.
    package var claims: [ClaimRule] = []
    /// Tokens with claims that only ID tokens have count as well.
    package var acceptsIDTokens = false
    /// Empty only where nothing of it is verified here.
    package var algorithms: [Algorithm]
    /// Lower-case `typ` values accepted, without `application/`; `at+jwt` unless configured (RFC 9068 §4).
    /// An empty string accepts an absent `typ`.
    package var types: [String]
    /// How far its clock may be from ours, for `exp`, `nbf` and `iat`.
    package var clockSkew: Duration
    /// Where its tokens say what they are good for: member names, outermost first.
    package var scopeClaim = ["scope"]
    /// How the scopes stand in that claim.
    package var scopeForm = ScopeForm.words
    /// What one of its scopes is good for.
    package var scopeMatch = ScopeMatch.exact
    /// Named in protected-resource metadata (RFC 9728). False for an issuer that not everybody is to know of.
    package var listed = true
    /// DPoP proofs for its tokens must have a nonce of the gateway's (RFC 9449 §9).
    package var dpopNonce: Bool
    /// What DPoP proofs for its tokens may be signed with; never empty.
    package var dpopAlgorithms: [Algorithm]

    /// Stands for a tenant in an identifier.
    package static let tenantPlace = "{tenantid}"

    package init(
        name: String, identifier: String, keys: Keys, audiences: [String], algorithms: [Algorithm], types: [String],
        clockSkew: Duration, dpopNonce: Bool = false, dpopAlgorithms: [Algorithm] = Algorithm.allCases
    ) {
        self.name = name
        self.identifier = identifier
        self.keys = keys
        self.audiences = audiences
        self.algorithms = algorithms
        self.types = types
        self.clockSkew = clockSkew
        self.dpopNonce = dpopNonce
        self.dpopAlgorithms = dpopAlgorithms
    }
}

/// How a token writes its scopes down.
package enum ScopeForm: String, Sendable, Equatable, CaseIterable {
    /// One text, separated by spaces (RFC 9068 §2.2.3, RFC 8693 §4.2).
    case words
    /// An array of texts.
    case list
    case either
}

/// Which scopes of a route a scope of a token covers.
package enum ScopeMatch: String, Sendable, Equatable, CaseIterable {
    /// The same, octet by octet.
    case exact
    /// `*` in the token's scope stands for one part, at its end for all that follow.
    case wildcard
    /// `orders` covers `orders:read` and `orders:read:all`.
    case hierarchic
}

/// How an issuer's keys are fetched.
package struct KeyFetching: Sendable, Equatable {
    /// Where the address of the keys comes from.
    package enum Place: Sendable, Equatable {
        /// Metadata where the issuer's identifier says (RFC 8414 §3.1, OpenID Connect Discovery §4).
        case discovery
        /// Metadata there.
        case metadata(AbsoluteURL)
        /// The JWK Set there.
        case keySet(AbsoluteURL)
    }
    package var place: Place
    /// Hosts that metadata may name for the key set, besides its own.
    package var jwksHosts: [String] = []
    /// Media types of the key set besides those of RFC 7517 §8.5; lower case.
    package var jwksMediaTypes: [String] = []
    package var way = OutgoingWay()
    /// False: only its metadata is read, for the place where it is asked about tokens.
    package var wantsKeys = true
    /// Metadata must say where the issuer is asked about tokens.
    package var wantsIntrospection = false

    package init(place: Place) { self.place = place }
}
