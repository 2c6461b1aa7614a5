package import JOSE

/// A checked `routes.yaml`: everything that the gateway does, as one immutable value.
///
/// Made only by `PolicyReader`; whoever holds one may rely on it: every reference resolves, every name is unique, every
/// limit lies within its bounds. It holds paths of files, never the secrets inside them.
package struct Policy: Sendable, Equatable {
    package var listeners: [Listener]
    package var issuers: [Issuer]
    package var upstreams: [Upstream]
    package var limits: [RateLimit]
    package var routes: [Route]
    /// nil: the gateway has none of its own.
    package var authorizationServer: AuthorizationServerSettings?
    /// Where records go, and what happens when they cannot be written.
    package var audit: AuditSettings
    package var timeouts: Timeouts
    package var bounds: Bounds
    /// Event loops; nil: one for each core.
    package var workers: Int?
    /// SHA-256 (hex, first 16 digits) over the file's bytes: names this policy in health, logs and audit records.
    package var hash: String
    /// Every `insecure_…` key in force, as `upstreams.orders.insecure_plaintext`: shown in the log and in health.
    package var insecurities: [String]
    /// Where the gateway tells how it is; no traffic is served there.
    package var monitors: [MonitoringListener] = []
    /// nil: clients are told nothing.
    package var resourceMetadata: ResourceMetadataSettings? = ResourceMetadataSettings()
    /// What the gateway signs for services with a `tokenAudience`; never nil when there is one.
    package var upstreamTokens: UpstreamTokenSettings?
    /// Every file of certificates that is named somewhere, in the order of the file.
    package var certificateFiles: [CertificateFile] = []
    /// What the gateway is called in `Via` (RFC 9110 §7.6.3); nil: it adds none.
    package var via: String? = Policy.viaDefault
    /// Where the policy does not say.
    package static let viaDefault = "portcullis"

    package init(
        listeners: [Listener], issuers: [Issuer], upstreams: [Upstream], limits: [RateLimit], routes: [Route],
        authorizationServer: AuthorizationServerSettings?, audit: AuditSettings, timeouts: Timeouts, bounds: Bounds,
        workers: Int?, hash: String, insecurities: [String]
    ) {
        self.listeners = listeners
        self.issuers = issuers
        self.upstreams = upstreams
        self.limits = limits
        self.routes = routes
        self.authorizationServer = authorizationServer
        self.audit = audit
        self.timeouts = timeouts
        self.bounds = bounds
        self.workers = workers
        self.hash = hash
        self.insecurities = insecurities
    }
}

/// Where the gateway listens.
package struct Listener: Sendable, Equatable {
    /// IP address or host name as written, without brackets.
    package var host: String
    /// 0: a free one, which the log then names.
    package var port: Int
    /// nil only with `insecure_plaintext: true`.
    package var tls: ListenerTLS?
    /// Open connections at most; one more is closed on accept.
    package var connectionsMax: Int
    /// Open connections at most from one client address.
    package var connectionsPerAddressMax: Int

    package init(host: String, port: Int, tls: ListenerTLS?, connectionsMax: Int, connectionsPerAddressMax: Int) {
        self.host = host
        self.port = port
        self.tls = tls
        self.connectionsMax = connectionsMax
        self.connectionsPerAddressMax = connectionsPerAddressMax
    }

    /// Only processes of this machine can reach it. A name counts when it is `localhost`: others may lead anywhere
    /// tomorrow.
    package var isForThisMachine: Bool { Self.isForThisMachine(host) }

    /// The same of a listener's host as written.
    package static func isForThisMachine(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Where the policy does not say.
    package static let connectionsMaxDefault = 10_000
    /// Where the policy does not say. Clients behind one NAT share it.
    package static let connectionsPerAddressMaxDefault = 1_024
}

/// What a listener shows, and what it wants of its clients.
package struct ListenerTLS: Sendable, Equatable {
    /// At least one; the first serves clients whose SNI none matches, or that send none.
    package var certificates: [CertificateFiles]
    /// PEM file of the authorities for client certificates; nil: none is asked for.
    package var clientAuthorities: String?
    /// Any client certificate is taken, and shows no more than that the client has its key. Excludes `clientAuthorities`.
    package var takesUnverifiedCertificates = false
    /// Older versions are refused in the handshake.
    package var minimumVersion: TLSVersion

    package init(certificates: [CertificateFiles], clientAuthorities: String?, minimumVersion: TLSVersion) {
        self.certificates = certificates
        self.clientAuthorities = clientAuthorities
        self.minimumVersion = minimumVersion
    }
}

/// What clients' certificates show, where they are asked for one.
package enum CertificateTrust: Sendable, Comparable {
    /// They are not asked for one.
    case none
    /// That the client has the certificate's key: enough for tokens that are bound to it, and for keys that are registered.
    case held
    /// Also that one of the listener's authorities vouches for it.
    case verified
}

extension ListenerTLS {
    /// Of the certificates of its clients.
    package var certificateTrust: CertificateTrust {
        clientAuthorities != nil ? .verified : takesUnverifiedCertificates ? .held : .none
    }
}

extension [Listener] {
    /// The most that a client can show on any of them.
    package var certificateTrust: CertificateTrust { compactMap(\.tls?.certificateTrust).max() ?? .none }
}

/// Nothing older exists here (RFC 8996).
package enum TLSVersion: String, Sendable, Equatable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// A certificate chain (leaf first) and its private key, as paths of PEM files, resolved against the policy's folder.
package struct CertificateFiles: Sendable, Equatable, Hashable {
    /// The certificate, followed by its intermediates.
    package var chain: String
    /// A private key, not encrypted.
    package var key: String
    package init(chain: String, key: String) {
        self.chain = chain
        self.key = key
    }
}

/// Times without progress after which the gateway gives up.
package struct Timeouts: Sendable, Equatable {
    /// From a connection's begin to the end of its handshake.
    package var tlsHandshake: Duration = .seconds(10)
    /// From a head's first octet to its end, however slowly octets come.
    package var headerRead: Duration = .seconds(10)
    /// No octet of a body moved in either direction from or to the client.
    package var bodyStall: Duration = .seconds(30)
    /// Octets a second that a client must send of a body in the long run; 0: as slowly as it likes. Below what the slowest
    /// links carry (300, over a satellite's 2,400 bits a second).
    package var bodyRateMin = 240
    /// A body in all, as far as its client is waited for; nil: no bound.
    package var bodyTotal: Duration?
    /// As `bodyRateMin`, of an answer that the client takes.
    package var answerRateMin = 240
    /// As `bodyTotal`, of an answer that the client takes.
    package var answerTotal: Duration?
    /// By how much a client may fall behind these rates.
    package var rateGrace: Duration = .seconds(30)
    /// Between two requests of a client's connection.
    package var keepAliveIdle: Duration = .seconds(300)
    /// TCP and TLS together.
    package var upstreamConnect: Duration = .seconds(2)
    /// From a request's last octet to its answer's first one. An upstream may have its own.
    package var upstreamFirstByte: Duration = .seconds(15)
    /// No octet moved from or to the upstream, except while the first one of its answer is awaited.
    package var upstreamStall: Duration = .seconds(30)
    /// No octet of an answer moved that is an event stream, which may be silent for long.
    package var eventStreamIdle: Duration = .seconds(300)
    /// How long an unused pooled connection is kept. Below what most servers keep, so that they seldom close first.
    package var upstreamIdle: Duration = .seconds(50)
    /// How long a pooled connection takes requests, whatever its use: its address may have left the upstream's name.
    package var upstreamLifetime: Duration = .seconds(300)
    /// A tunnel (WebSocket) without an octet in either direction.
    package var tunnelIdle: Duration = .seconds(300)
    /// From SIGTERM until what is still open is closed.
    package var drain: Duration = .seconds(30)
    package init() {}
}

/// Sizes above which input is refused.
package struct Bounds: Sendable, Equatable {
    /// Octets of a request's head, from the method to the empty line; more are answered with 431.
    package var headBytesMax = 16_384
    /// Fields of a request's head; more are answered with 431.
    package var fieldsMax = 100
    /// Request body octets; nil: unbounded. A route may set its own.
    package var bodyBytesMax: Int? = 10 * 1_048_576
    /// Verified tokens remembered per event loop; 0 switches the cache off.
    package var tokenCacheEntriesMax = 10_000
    /// Keys of rate limits remembered in the process.
    package var limitKeysMax = 100_000
    /// Addresses that sent bad tokens: refused for a while above this many a minute. 0: there is no such limit.
    package var badTokensPerMinuteMax = 60
    /// Octets of a request's body up to which it is whole before a connection to its service is taken; 0: never.
    package var bodyGatheredBytesMax = 65_536
    /// Requests of one client address that are refused (4xx) in a minute, above which its connections are; 0: no limit.
    package var refusedPerMinuteMax = 12_000
    /// Requests that one connection to an upstream serves.
    package var upstreamRequestsMax = 10_000
    /// DPoP proofs remembered in the process, each for two minutes.
    package var dpopProofsMax = 500_000
    package init() {}
}

/// Where audit records go.
package struct AuditSettings: Sendable, Equatable {
    /// Where they are written.
    package enum Sink: Sendable, Equatable {
        /// Standard output, which has nothing else on it.
        case standardOutput
        /// A file, renamed before it would exceed `rotateBytes` octets; `keep` of the renamed ones stay.
        case file(path: String, rotateBytes: Int, keep: Int)
    }
    /// What happens to requests whose record cannot be written: because the disk is full, or the queue.
    package enum WhenFull: String, Sendable, Equatable, CaseIterable {
        /// They are refused with 503, so that nothing happens that is not recorded.
        case refuse
        /// They are served, and the lost records are counted in health.
        case dropAndCount = "drop_and_count"
    }
    package var sink: Sink
    package var whenFull: WhenFull
    /// Octets waiting for the writer at most.
    package var queueBytesMax: Int
    /// A rotated file whose last record is younger is not removed because there are too many; nil: their number alone
    /// decides.
    package var keepFor: Duration?
    /// Octets of all files together above which even those go.
    package var diskBytesMax = Self.diskBytesDefault
    /// Rotated files kept of those for refused requests that matched no route.
    package var unmatchedKeep = 2
    /// Records that refusals of one address with one code have of their own in a minute, where no route matched; the
    /// others share one.
    package var unmatchedPerMinuteMax = 100
    /// Names this process in records, where several write to one place; nil: they have no name.
    package var instance: String?
    /// Whether records have the query, with secrets in it masked.
    package var query = false
    /// 10 GiB.
    package static let diskBytesDefault = 10 * 1_073_741_824
    /// Key of the hash under which tokens appear in records; nil: a random one for each start of the process, so that
    /// the same token has another name after a restart and in another process.
    package var tokenKey: SecretSource?
    /// Octets of that key at least: as many as the hash has.
    package static let tokenKeyOctetsMin = 32
    package init(sink: Sink, whenFull: WhenFull, queueBytesMax: Int) {
        self.sink = sink
        self.whenFull = whenFull
        self.queueBytesMax = queueBytesMax
    }
}

/// The built-in authorization server.
package struct AuthorizationServerSettings: Sendable, Equatable {
    /// Its host is where the endpoints are served.
    package var issuer: IssuerIdentifier
    /// Where it keeps clients, users, grants and keys.
    package var database: DatabaseSettings
    /// Of access tokens, and so how long a service elsewhere may believe one that was revoked.
    package var accessTokenLifetime: Duration
    /// `aud` of tokens whose request names no resource (RFC 9068 §3).
    package var audience: String
    /// Indices into `Policy.limits`: limits on token requests, by address or as a whole.
    package var limits: [Int] = []
    /// Whose tokens become tokens of ours (RFC 7523 §2.1).
    package var trusts: [FederationTrust] = []
    /// How users show who they are.
    package var logIn = LogInSettings()
    /// What users may be granted.
    package var users = UserRules()
    /// Where mail to users goes out; nil: none is sent.
    package var mail: MailSettings?
    /// How long somebody stays logged in in a browser at most, and how long without doing anything.
    package var sessionLifetime: Duration = .seconds(43_200)
    /// How long a session lasts without being used, at most.
    package var sessionIdle: Duration = .seconds(7_200)
    /// What users are told about a scope when they are asked whether a client may have it.
    package var scopeDescriptions: [String: LocalisedText] = [:]
    /// Which options are left to clients.
    package var profile = SecurityProfile.standard
    /// Proofs of possession must carry a nonce of the server's (RFC 9449 §8).
    package var dpopNonce = false
    /// Scheme, host and port of the addresses for clients with certificates (RFC 8705 §5); nil: the same as for all.
    package var mtlsOrigin: HTTPSIdentifier?
    /// nil: nobody registers clients by request.
    package var registration: RegistrationSettings?
    /// Types of `authorization_details` that services here understand (RFC 9396 §2); clients may be registered for them,
    /// and no others may be asked for.
    package var authorizationDetailsTypes: [String] = []
    /// Of these at most; each stands in the metadata.
    package static let authorizationDetailsTypesMax = 100
    /// nil: there is no management interface.
    package var admin: AdminSettings?
    /// How keys of clients that register a `jwks_uri` are fetched.
    package var clientKeys = OutgoingWay()
    /// What private keys are encrypted with where they are stored; nil: they are not.
    package var keyEncryptionKey: SecretSource?
    /// Octets of that key at least.
    package static let keyEncryptionKeyOctetsMin = 32
    /// What tokens are signed with, the first unless something asks for another; never empty.
    package var signingAlgorithms: [Algorithm] = [.es256]
    /// What a client may have its ID tokens signed by: what tokens are signed by anyway, and RS256, which every OpenID
    /// provider has (OpenID Connect Discovery §3), as far as the profile allows it.
    package var idTokenAlgorithms: [Algorithm] {
        (signingAlgorithms + (signingAlgorithms.contains(.rs256) ? [] : [.rs256])).filter(profile.algorithms.contains)
    }
    /// Requests from one address (IPv6: its /64) that wait for somebody to log in, at most, of each kind; what is more
    /// displaces its own oldest.
    package var pendingRequestsPerAddressMax = 256
    /// How long a signing key signs before the next one does.
    package var keyRotation: Duration = .seconds(30 * 86_400)

    package init(
        issuer: IssuerIdentifier, database: DatabaseSettings, accessTokenLifetime: Duration, audience: String
    ) {
        self.issuer = issuer
        self.database = database
        self.accessTokenLifetime = accessTokenLifetime
        self.audience = audience
    }
}

/// Protected-resource metadata (RFC 9728): what clients without a token can find out.
package struct ResourceMetadataSettings: Sendable, Equatable {
    /// Indices into `Policy.limits`: limits on requests for it, by address or as a whole.
    package var limits: [Int] = []
    package init() {}
}

/// What the gateway signs for services, instead of header fields that name the caller.
package struct UpstreamTokenSettings: Sendable, Equatable {
    /// `iss`; the keys are served on its host.
    package var issuer: HTTPSIdentifier
    /// PEM files of private keys, at least one. The first signs; all of them are published.
    package var keys: [String]
    /// From `iat` to `exp`; shorter where the client's own token ends sooner.
    package var lifetime: Duration
    package init(issuer: HTTPSIdentifier, keys: [String], lifetime: Duration) {
        self.issuer = issuer
        self.keys = keys
        self.lifetime = lifetime
    }
}
