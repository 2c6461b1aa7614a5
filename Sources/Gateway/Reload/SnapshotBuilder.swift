import Admission
import Audit
import Crypto
import DataPlane
import JOSE
import Octets
import Policy
import Transport

/// Makes a snapshot from a checked policy, off to one side: reads keys and certificates, and changes nothing until
/// `adopt`.
struct SnapshotBuilder {
    let ledgers: Ledgers
    let keyFetchers: IssuerKeyFetchers
    let introspection: IntrospectionClients
    let services: [LocalServiceName: any LocalService]
    /// nil: there is none.
    let authorization: EmbeddedAuthorizationServer?
    private var files: DiskPolicyFiles { DiskPolicyFiles() }

    /// - Parameter previous: TLS contexts whose files have the same contents are taken over, and their connections live
    ///   on.
    func build(_ policy: Policy, after previous: Snapshot?) throws -> PolicyInForce {
        let rules = AdmissionRules(policy)
        let fetchers = keyFetchers.fetchers(for: policy.issuers)
        let keys = zip(policy.issuers, fetchers).map { issuer, fetcher in
            fetcher.map { $0.keys } ?? self.keys(of: issuer)
        }
        let clients = try introspection.places(for: policy.issuers, keys: fetchers, ownKeys: keys)
        let upstreams = try policy.upstreams.map { try upstream($0, policy, previous) }
        let resources = ProtectedResources(policy)
        let metadata = policy.resourceMetadata.map { _ in ResourceMetadataService(resources: resources) }
        let places = policy.resourceMetadata == nil ? [] : resources.places()
        let signer = try policy.upstreamTokens.map { try UpstreamTokenSigner($0, read: readKey) }
        var routes: [RouteRuntime] = []
        for (index, route) in policy.routes.enumerated() {
            let upstream: Int?
            let service: (any LocalService)?
            switch route.destination {
            case .upstream(let place): (upstream, service) = (place, nil)
            case .local(.resourceMetadata): (upstream, service) = (nil, metadata)
            case .local(.upstreamTokens): (upstream, service) = (nil, signer.map { KeySetService($0.keySet) })
            case .local(let name): (upstream, service) = (nil, services[name])
            }
            routes.append(
                RouteRuntime(
                    route: route, rules: rules.routes[index], policyHash: AuditText(policy.hash), limits: policy.limits,
                    defaultBodyBytesMax: policy.bounds.bodyBytesMax, upstream: upstream,
                    times: policy.timeouts.upstream(upstream.map { policy.upstreams[$0] }, route.timeouts),
                    transfer: policy.timeouts.transferOfItsOwn(route.timeouts), service: service,
                    resource: places.indices.contains(index) ? places[index] : nil,
                    place: ledgers.routeNames.place(of: route.id)))
        }
        let snapshot = Snapshot(
            policy: policy, rules: rules, routes: routes, upstreams: upstreams,
            issuers: IssuerSet(policy.issuers, keys: keys),
            keySources: fetchers, introspection: clients.map { $0?.client },
            generation: (previous?.generation ?? 0) + 1, upstreamTokens: signer,
            issuerPlaces: policy.issuers.map { ledgers.issuerNames.place(of: $0.name) })
        return PolicyInForce(
            snapshot: snapshot, resources: resources, keyFetchers: fetchers, introspection: clients,
            certificates: CertificateTimes(policy.certificateFiles, now: ControlClock.system.unixSeconds()))
    }

    /// What runs beside the event loops for this policy runs from here on, and what ran for an older one only ends.
    func adopt(_ new: PolicyInForce) {
        ledgers.health.keepOnly(new.policy.upstreams)
        keyFetchers.adopt(new.keyFetchers)
        introspection.adopt(new.introspection)
    }

    private func readKey(_ path: String) -> [UInt8]? {
        guard case .success(let octets) = files.read(path, bytesMax: 65_536) else { return nil }
        return octets
    }

    /// Keys as the file has them now. A file that cannot be read or holds no key leaves its issuer without keys: its
    /// tokens are answered with 503 until it is mended, and nobody else's.
    private func keys(of issuer: Issuer) -> IssuerKeys? {
        switch issuer.keys {
        case .embedded:
            return authorization?.issuerKeys
        case .jwksFile(let path):
            guard case .success(let octets) = files.read(path, bytesMax: Self.keySetBytesMax),
                let set = try? JWKSet.parse(octets), !set.keys.isEmpty
            else { return nil }
            return IssuerKeys(set: set, generation: Self.generation(of: octets))
        case .fetched, .unneeded:
            // Its fetcher has them, or nobody needs any.
            return nil
        }
    }

    private static let keySetBytesMax = 1_048_576

    private static func generation(of octets: [UInt8]) -> UInt64 {
        SHA256.hash(data: octets).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func upstream(_ upstream: Upstream, _ policy: Policy, _ previous: Snapshot?) throws -> UpstreamRuntime {
        let fingerprint = upstream.tls.map(fingerprint) ?? "plaintext"
        let same = previous?.upstreams.first { $0.tlsFingerprint == fingerprint }
        let tls: ClientTLS? =
            if let settings = upstream.tls { try same?.tls ?? ClientTLS(settings.transport) } else { nil }
        return UpstreamRuntime(
            upstream: upstream, of: policy, health: ledgers.health.health(of: upstream), tls: tls,
            tlsFingerprint: fingerprint)
    }

    /// SHA-256 over the settings and the contents of the files that they name.
    private func fingerprint(_ tls: UpstreamTLS) -> String {
        var hash = SHA256()
        hash.update(data: Array("\(tls.identity.map { "\($0)" } ?? "-") \(tls.minimumVersion.rawValue)".utf8))
        for path in [tls.authorities, tls.certificate?.chain, tls.certificate?.key].compactMap({ $0 }) {
            guard case .success(let octets) = files.read(path, bytesMax: Self.keySetBytesMax) else { continue }
            hash.update(data: Array("\(path) \(octets.count) ".utf8))
            hash.update(data: octets)
        }
        return hash.finalize().prefix(16).map { String($0, radix: 16) }.joined(separator: ".")
    }
}
