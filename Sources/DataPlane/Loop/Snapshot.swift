package import Admission
package import Audit
import HTTP
package import Policy
package import Transport

/// Everything that follows from one policy, made off to one side and swapped in as one reference per event loop.
///
/// Immutable. What must survive a reload (limits, health, counters) lives in `Ledgers` and is only pointed at from
/// here.
package final class Snapshot: Sendable {
    /// What it was made from.
    package let policy: Policy
    let rules: AdmissionRules
    let routes: [RouteRuntime]
    /// In the order of `policy.upstreams`.
    package let upstreams: [UpstreamRuntime]
    /// The issuers with their keys, in the order of `policy.issuers`.
    package let issuers: IssuerSet
    /// In the order of `policy.issuers`; nil: that issuer's keys are not fetched.
    let keySources: [(any IssuerKeySource)?]
    /// In the order of `policy.issuers`; nil: that issuer is not asked about tokens.
    let introspection: [(any IntrospectionSource)?]
    /// Counts up whenever keys are read anew from their sources.
    let keysRevision: Int
    /// The policy's hash, ready for records.
    let policyHash: AuditText
    /// Whether records have the query.
    let recordsQuery: Bool
    /// Counts up: tells the pools of a loop that they belong to an older one.
    package let generation: Int
    /// In the order of `policy.issuers`: their places in `TokenCounts`.
    let issuerPlaces: [Int]
    /// nil: no service gets tokens of the gateway.
    let upstreamTokens: UpstreamTokenSigner?
    /// nil: messages do not tell that they came by here.
    let via: ViaFields?
    /// nil: no cookies are the gateway's own.
    let ownCookies: OwnCookies?

    /// - Parameter keysRevision: 0 for a new policy.
    package init(
        policy: Policy, rules: AdmissionRules, routes: [RouteRuntime], upstreams: [UpstreamRuntime], issuers: IssuerSet,
        keySources: [(any IssuerKeySource)?], introspection: [(any IntrospectionSource)?], generation: Int,
        upstreamTokens: UpstreamTokenSigner?, issuerPlaces: [Int] = [], keysRevision: Int = 0
    ) {
        self.policy = policy
        self.rules = rules
        self.routes = routes
        self.upstreams = upstreams
        self.issuers = issuers
        self.keySources = keySources
        self.introspection = introspection
        self.keysRevision = keysRevision
        policyHash = AuditText(policy.hash)
        recordsQuery = policy.audit.query
        self.generation = generation
        self.issuerPlaces = issuerPlaces
        self.upstreamTokens = upstreamTokens
        via = policy.via.map { ViaFields(pseudonym: $0) }
        ownCookies = OwnCookies(policy)
    }

    /// The same with the keys as their sources have them now. Everything else is shared.
    /// - Parameter embedded: of the built-in authorization server; nil: there is none.
    package func withCurrentKeys(embedded: IssuerKeys?) -> Snapshot {
        let keySources = self.keySources
        let policy = self.policy
        let current = issuers.replacing { index, old in
            if policy.issuers.indices.contains(index), policy.issuers[index].keys == .embedded {
                return embedded ?? old
            }
            return index < keySources.count ? keySources[index].map { $0.keys } ?? old : old
        }
        return Snapshot(
            policy: policy, rules: rules, routes: routes, upstreams: upstreams, issuers: current,
            keySources: keySources, introspection: introspection, generation: generation,
            upstreamTokens: upstreamTokens, issuerPlaces: issuerPlaces, keysRevision: keysRevision + 1)
    }
}

/// A route, prepared for the request pipeline.
package final class RouteRuntime: Sendable {
    let route: Route
    let rules: RouteRules
    /// What each of its records says of the policy and the route.
    let record: AuditFragment
    /// Names of the route's limits, in their order.
    let limitNames: [AuditText]
    /// Octets; nil: unbounded.
    let bodyBytesMax: Int?
    /// Index into `Snapshot.upstreams`; nil: a local service.
    let upstream: Int?
    let times: UpstreamTimes
    /// How slow its clients may be in the long run; nil: as everywhere.
    let transfer: TransferLimits?
    let service: (any LocalService)?
    /// In `RequestCounts`.
    let place: Int
    /// Path of the route's protected-resource metadata (RFC 9728); empty: there is none.
    private let metadataPath: [UInt8]
    /// The same on hosts on which it differs.
    private let metadataPathByHost: [[UInt8]: [UInt8]]

    /// - Parameter resource: the one that the route belongs to; nil: clients are told of none.
    package init(
        route: Route, rules: RouteRules, policyHash: AuditText, limits: [RateLimit], defaultBodyBytesMax: Int?,
        upstream: Int?, times: UpstreamTimes, transfer: TransferLimits?, service: (any LocalService)?,
        resource: ProtectedResources.Place?, place: Int = CountedNames.others
    ) {
        self.place = place
        self.route = route
        self.rules = rules
        record = AuditFragment { record in
            record.add(.policy, policyHash)
            record.add(.route, AuditText(route.id))
            if !rules.scopesRequired.isEmpty {
                record.add(.scopesRequired, AuditText(rules.scopesRequired.joined(separator: " ")))
            }
        }
        limitNames = route.limits.filter(limits.indices.contains).map { AuditText(limits[$0].name) }
        bodyBytesMax = route.bodyBytesMax ?? defaultBodyBytesMax
        self.upstream = upstream
        self.times = times
        self.transfer = transfer
        self.service = service
        func path(_ path: String) -> [UInt8] {
            Array((ResourceMetadataRoutes.wellKnownPath + ResourceMetadataRoutes.suffix(ofResourceAt: path)).utf8)
        }
        metadataPath = resource.map { path($0.path) } ?? []
        metadataPathByHost = Dictionary(
            (resource?.byHost ?? [:]).map { (Array($0.key.utf8), path($0.value)) }
        ) { first, _ in first }
    }

    /// Where the route's protected-resource metadata lies on the host of this request; empty: nowhere.
    func metadataPath(for head: borrowing RequestHead) -> [UInt8] {
        guard !metadataPathByHost.isEmpty else { return metadataPath }
        return metadataPathByHost[Array(head.block.bytes[head.host.range])] ?? metadataPath
    }
}

/// An upstream, prepared for the request pipeline.
package final class UpstreamRuntime: Sendable {
    /// As `routes.yaml` has it.
    package let upstream: Upstream
    /// In the order of `upstream.endpoints`.
    package let health: [EndpointHealth]
    /// nil: plaintext.
    package let tls: ClientTLS?
    /// Names the TLS files' contents: the same after a reload that changed none of them, so that connections stay.
    package let tlsFingerprint: String
    let writer: UpstreamHeadWriter
    /// What records say of an endpoint, and of one that has proved its identity; in the order of `upstream.endpoints`.
    let endpoints: [AuditFragment]
    let verifiedEndpoints: [AuditFragment]

    /// - Parameter health: in the order of `upstream.endpoints`.
    /// - Parameter policy: the one that the upstream is of.
    package init(
        upstream: Upstream, of policy: Policy, health: [EndpointHealth], tls: ClientTLS?, tlsFingerprint: String
    ) {
        self.upstream = upstream
        self.health = health
        self.tls = tls
        self.tlsFingerprint = tlsFingerprint
        writer = UpstreamHeadWriter(headers: upstream.headers, ownCookies: OwnCookies(policy))
        let identity: AuditText? =
            switch upstream.tls?.identity {
            case .spiffe(let id): AuditText(id)
            case .dns(let name): AuditText("dns:\(name)")
            case nil: nil
            }
        endpoints = upstream.endpoints.map { endpoint in
            AuditFragment { $0.add(.upstream, AuditText(endpoint.description)) }
        }
        verifiedEndpoints = upstream.endpoints.map { endpoint in
            AuditFragment { record in
                record.add(.upstream, AuditText(endpoint.description))
                if let identity { record.add(.upstreamIdentity, identity) }
            }
        }
    }
}
