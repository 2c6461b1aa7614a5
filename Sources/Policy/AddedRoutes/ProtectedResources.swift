import HTTP

/// The protected resources of a policy (RFC 9728): what metadata publishes under which name, and what the built-in
/// authorization server takes as that name (RFC 8707). Both sides ask this one value, so that they cannot differ.
package struct ProtectedResources: Sendable {
    /// One resource: all routes whose tokens are asked for under the same identifier.
    package struct Resource: Sendable, Equatable {
        /// What stands behind scheme and host in its identifier.
        package var path: String
        /// Issuer identifiers, in the order of the policy.
        package var authorizationServers: [String]
        /// In the order of the policy.
        package var scopes: [String]
        /// Every one of its routes takes tokens only that are bound to a key.
        package var demandsDPoP: Bool
        /// Every one of its routes takes tokens only that are bound to a client certificate.
        package var demandsCertificate: Bool
        /// `aud` of tokens of the built-in server for it; nil: that server does not know it by this name.
        package var audience: String?
    }

    /// A route, as far as it matters here.
    private struct Member: Sendable {
        /// In `Policy.routes`.
        let index: Int
        let route: Route
        /// Of its path, the segments before the first that is captured.
        let prefix: [String]
        /// In the order of the policy; empty: it needs no token.
        let issuers: [Issuer]
        /// The audiences that it accepts and that are URLs.
        let identifiers: [HTTPSIdentifier]
        /// What tokens of the built-in server may be for here, in the order of the policy; empty: it takes none.
        let own: [String]
        var proof: ProofRequirement? { route.require?.proof }
        var isProtected: Bool { !issuers.isEmpty }
        /// A document has a member that says it.
        var isBound: Bool { proof == .dpop || proof == .mtls }
    }
    /// In the order of the policy.
    private let members: [Member]
    /// All audiences of the built-in server's tokens, by their one spelling; the default one first of equals.
    private let ownAudiences: [String: String]
    private let server: AuthorizationServerSettings?
    /// Hosts that the policy names, and so knows to be its own.
    private let hosts: [String]
    /// Where the gateway can be reached on them; nil: on a port that is chosen at the start.
    private let ports: Set<Int>?

    /// Made when the policy is read; it costs a look at each route.
    package init(_ policy: Policy) {
        members = policy.routes.enumerated().map { index, route in
            // Nobody is to learn from metadata that there is a management interface.
            guard let require = route.require, route.destination != .local(.admin) else {
                return Member(index: index, route: route, prefix: [], issuers: [], identifiers: [], own: [])
            }
            let issuers = require.issuers.filter(policy.issuers.indices.contains).sorted().map { policy.issuers[$0] }
            let audiences = require.audiences.isEmpty ? issuers.flatMap(\.audiences) : require.audiences
            let own = issuers.filter { $0.keys == .embedded }.flatMap(\.audiences)
            return Member(
                index: index, route: route, prefix: Self.literalPrefix(of: route.match.path), issuers: issuers,
                identifiers: audiences.compactMap(Self.identifier), own: own.filter(audiences.contains))
        }
        server = policy.authorizationServer
        var own: [String: String] = [:]
        let embedded = policy.issuers.filter { $0.keys == .embedded }.flatMap(\.audiences)
        for audience in [policy.authorizationServer?.audience].compactMap({ $0 }) + embedded {
            for spelling in [audience, ResourceIndicator.canonical(audience)] where own[spelling] == nil {
                own[spelling] = audience
            }
        }
        // A spelling that is an audience itself is that one.
        for audience in embedded { own[audience] = audience }
        ownAudiences = own
        let issuer = policy.authorizationServer?.issuer.identifier
        let identifiers = members.flatMap(\.identifiers)
        hosts = policy.routes.flatMap(\.match.hosts) + identifiers.map(\.host) + [issuer?.host].compactMap { $0 }
        let listened = policy.listeners.map(\.port)
        ports =
            listened.contains(0)
            ? nil : Set(listened + identifiers.map(\.port) + [443, issuer?.port].compactMap { $0 })
    }

    // MARK: What is published

    /// The resource that a request for this path of this host would be for, under the name that was asked for: then a
    /// client that compares the identifier with the address that it knows finds them equal (RFC 9728 §3.3). nil: what
    /// answers there needs no token, or nothing does.
    /// - Parameters:
    ///   - host: lower case, without port.
    ///   - suffix: what stands behind the well-known path.
    package func resource(host: String, port: Int, suffix: String) -> Resource? {
        let here = paths(on: host)
        guard let key = key(of: suffix, host, among: here) else { return nil }
        let found = here.filter { Self.key($0.path) == key }
        guard let first = found.first else { return nil }
        var resource = Resource(
            path: first.path, authorizationServers: [], scopes: [],
            demandsDPoP: found.allSatisfy { $0.member.proof == .dpop },
            demandsCertificate: found.allSatisfy { $0.member.proof == .mtls },
            audience: isOurs(host, port) ? audience(of: found, on: host) : nil)
        for (member, _) in found {
            for scope in (member.route.require?.scopes ?? []) + (member.route.require?.anyScope ?? [])
            where !resource.scopes.contains(scope) { resource.scopes.append(scope) }
            for issuer in member.issuers where issuer.listed && (issuer.keys != .embedded || resource.audience != nil) {
                for name in issuer.identifiers where !resource.authorizationServers.contains(name) {
                    resource.authorizationServers.append(name)
                }
            }
        }
        if ResourceMetadataRoutes.suffix(ofResourceAt: resource.path) != suffix { resource.path = suffix }
        return resource
    }

    /// Where the resource of a route lies, which stands behind scheme and host in its identifier.
    package struct Place: Sendable, Equatable {
        /// On hosts of which no audience is a URL.
        package var path: String
        /// On the others, if it differs.
        package var byHost: [String: String] = [:]

        /// - Parameter host: lower case, without port.
        package func path(on host: String) -> String { byHost[host] ?? path }
    }

    /// The place of each route's resource, in the order of the policy; nil: the route needs no token.
    ///
    /// A client asks for a token for this identifier (RFC 8707), so it is an audience that the route accepts where one
    /// is a URL above the route on this host: the longest. Otherwise it is the part of the route's path before the
    /// first capture; so it is, too, for a route that demands another proof than its neighbours, since a document can
    /// say that of all its routes only.
    package func places() -> [Place?] {
        var places = members.map { $0.isProtected ? Place(path: Self.text($0.prefix)) : nil }
        for host in Set(members.flatMap(\.identifiers).map(\.host)) {
            for (member, path) in paths(on: host) where places[member.index]?.path != path {
                places[member.index]?.byHost[host] = path
            }
        }
        return places
    }

    // MARK: What is taken

    /// `aud` of a token of the built-in server for what `resource` names: one of its audiences, in any spelling, or an
    /// address that metadata publishes. nil: neither.
    package func audience(ofResource name: String) -> String? {
        let canonical = ResourceIndicator.canonical(name)
        if let audience = ownAudiences[name] ?? ownAudiences[canonical] { return audience }
        guard let url = ResourceIndicator.url(name), url.isHTTPS, !url.target.utf8.contains(UInt8(ascii: "?")) else {
            return nil
        }
        let suffix = ResourceMetadataRoutes.suffix(ofResourceAt: url.target)
        let host = url.host.contains(":") ? "[\(url.host)]" : url.host
        return resource(host: host, port: url.port, suffix: suffix)?.audience
    }

    // MARK: What cannot be said

    /// Two routes of one resource that its one document cannot describe both.
    package struct Conflict: Sendable, Hashable {
        /// What differs.
        package enum Kind: Sendable {
            /// One demands tokens that are bound to a key or a certificate.
            case proof
            /// Tokens of the built-in server are for one audience each, and none counts on both.
            case audience
        }
        /// Of the two routes.
        package var kind: Kind
        /// In `Policy.routes`.
        package var route: Int
        /// The one before it.
        package var other: Int
        /// Of the resource.
        package var path: String
    }

    /// At most one of each kind for each route. Looks at the first `hostsMax` hosts of the policy.
    package func conflicts() -> [Conflict] {
        var found: [Conflict] = []
        var seen: Set<String> = []
        for host in [""]
            + Array(Set(hosts.map { $0.hasPrefix("*.") ? "any" + $0.dropFirst() : $0 })).sorted()
            .prefix(Self.hostsMax)
        {
            var groups: [String: [Member]] = [:]
            for (member, path) in paths(on: host) {
                let key = Self.key(path)
                let before = groups[key] ?? []
                groups[key] = before + [member]
                func report(_ kind: Conflict.Kind, with other: Member?) {
                    guard let other, seen.insert("\(kind) \(member.index)").inserted else { return }
                    found.append(Conflict(kind: kind, route: member.index, other: other.index, path: path))
                }
                report(.proof, with: before.first { $0.proof != member.proof && ($0.isBound || member.isBound) })
                guard !member.own.isEmpty else { continue }
                report(
                    .audience,
                    with: before.first { other in !other.own.isEmpty && !other.own.contains(where: member.own.contains)
                    })
            }
        }
        return found.sorted { ($0.route, $0.other) < ($1.route, $1.other) }
    }

    private static let hostsMax = 256

    // MARK: Names

    /// Which protected routes there are on a host, and what path the resource of each has.
    private func paths(on host: String) -> [(member: Member, path: String)] {
        var found: [(member: Member, path: String)] = []
        var proofs: [String: Set<ProofRequirement?>] = [:]
        for member in members where member.isProtected && Self.rank(member.route.match.hosts, host) != nil {
            var best: HTTPSIdentifier?
            for identifier in member.identifiers where identifier.host == host {
                guard member.prefix.starts(with: Self.segments(identifier.path)) else { continue }
                if best.map({ $0.path.utf8.count < identifier.path.utf8.count }) ?? true { best = identifier }
            }
            let path = best?.path ?? Self.text(member.prefix)
            proofs[Self.key(path), default: []].insert(member.proof)
            found.append((member, path))
        }
        return found.map { member, path in
            let isAlone = (proofs[Self.key(path)]?.count ?? 0) < 2
            guard !isAlone, member.isBound else { return (member, path) }
            return (member, Self.text(member.prefix))
        }
    }

    /// Of the resource that a path belongs to.
    private func key(of suffix: String, _ host: String, among here: [(member: Member, path: String)]) -> String? {
        let key = Self.key(suffix)
        if here.contains(where: { Self.key($0.path) == key }) { return key }
        let asked = (suffix.isEmpty ? "/" : suffix).dropFirst()
            .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // The route that would answer; of those that differ in their methods only, one that needs a token.
        var best: (rank: [Int], key: String?)?
        let places = Dictionary(here.map { ($0.member.index, Self.key($0.path)) }) { first, _ in first }
        for member in members {
            guard let hostRank = Self.rank(member.route.match.hosts, host),
                let rank = Self.rank(member.route.match.path.segments, asked)
            else { continue }
            let whole = [hostRank] + rank
            let place = places[member.index]
            if let known = best {
                guard known.rank.lexicographicallyPrecedes(whole) || (known.rank == whole && known.key == nil) else {
                    continue
                }
            }
            best = (whole, place)
        }
        if let best { return best.key }
        // Nothing answers there, but something that needs a token does below.
        let segments = Self.segments(suffix)
        return here.filter { $0.member.prefix.starts(with: segments) && segments.starts(with: Self.segments($0.path)) }
            .map { Self.key($0.path) }.max { $0.utf8.count < $1.utf8.count }
    }

    /// Of these, one that all of the routes accept: the one that is their name, the server's default, the first.
    private func audience(of found: [(member: Member, path: String)], on host: String) -> String? {
        let own = found.map(\.member.own).filter { !$0.isEmpty }
        guard let first = own.first else { return nil }
        let common = first.filter { audience in own.allSatisfy { $0.contains(audience) } }
        let choice = common.isEmpty ? first : common
        let named = choice.first { audience in
            guard let identifier = Self.identifier(audience), identifier.host == host else { return false }
            return found.contains { Self.key($0.path) == Self.key(identifier.path) }
        }
        return named ?? choice.first { $0 == server?.audience } ?? choice.first
    }

    /// Tokens of the built-in server are for addresses that the policy names: whoever has another host, or another
    /// port, could publish it as a resource of this server and be sent tokens that count here.
    private func isOurs(_ host: String, _ port: Int) -> Bool {
        hosts.contains { HostPattern.covers($0, host) } && (ports?.contains(port) ?? true)
    }

    // MARK: Paths and hosts

    private static func key(_ path: String) -> String {
        var path = path[...]
        while path.last == "/" { path.removeLast() }
        return String(path)
    }

    private static func text(_ segments: [String]) -> String { segments.map { "/" + $0 }.joined() }
    private static func segments(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }

    /// The segments before the first that is captured, or that only an irregular path has.
    private static func literalPrefix(of path: PathPattern) -> [String] {
        var prefix: [String] = []
        for segment in path.segments {
            guard case .literal(let text) = segment, !text.isEmpty, !text.contains("%"), !text.contains(";") else {
                break
            }
            prefix.append(text)
        }
        return prefix
    }

    private static func identifier(_ audience: String) -> HTTPSIdentifier? {
        guard let identifier = try? HTTPSIdentifier(audience) else { return nil }
        let isPlain =
            !identifier.path.contains("//") && !identifier.path.contains("%") && !identifier.path.contains(";")
        return isPlain ? identifier : nil
    }

    /// How exactly these entries name the host (docs/matching.md); nil: not at all.
    private static func rank(_ entries: [String], _ host: String) -> Int? {
        guard !entries.isEmpty else { return 0 }
        return entries.filter { HostPattern.covers($0, host) }
            .map { $0.hasPrefix("*.") ? $0.utf8.count : Int.max }.max()
    }

    /// How exactly this pattern describes the path; nil: not at all.
    private static func rank(_ pattern: [PathPattern.Segment], _ path: [String]) -> [Int]? {
        var rank: [Int] = []
        var rest = path[...]
        for segment in pattern {
            switch segment {
            case .rest: return rank + [0]
            case .capture:
                guard let text = rest.popFirst(), !text.isEmpty else { return nil }
                rank.append(1)
            case .literal(let literal):
                guard let text = rest.popFirst(), text == literal else { return nil }
                rank.append(2)
            }
        }
        return rest.isEmpty ? rank + [3] : nil
    }
}

extension Issuer {
    /// All that `iss` of its tokens may be by its first identifier: one for each tenant.
    fileprivate var identifiers: [String] {
        tenants.isEmpty ? [identifier] : tenants.map { identifier.replacing(Self.tenantPlace, with: $0) }
    }
}
