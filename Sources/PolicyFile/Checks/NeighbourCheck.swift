import Policy

/// Routes that a caller escapes by a small change of the request: another route, which asks for less, takes the same path
/// with a slash at its end (or without), or HEAD beside GET, and leads to the same service. Many services answer both
/// alike.
struct NeighbourCheck {
    let draft: PolicyDraft

    func run() {
        for (index, route) in draft.routes.enumerated() {
            guard let match = route.match else { continue }
            for host in match.hosts.isEmpty ? [nil] : match.hosts.map(Optional.some) {
                if let finding = finding(of: index, route, match, on: host) {
                    draft.context.findings.warning(.escapableRoute, at: route.pathPosition, finding)
                    break
                }
            }
        }
    }

    private func finding(of index: Int, _ route: RouteDraft, _ match: RouteMatchRule, on host: String?) -> String? {
        if let other = Self.slashed(match.path) {
            for method in match.methods.isEmpty ? ["GET", "POST"] : match.methods {
                guard let (taker, what) = laxer(than: index, route, host, method, other) else { continue }
                return "\(route.name) does not take \(method) \(Self.text(other)): \(taker.name) in line "
                    + "\(taker.position.line) does, which \(what); where the service reads both paths alike, write both "
                    + "(path: \(Self.below(match.path)) has both)"
            }
        }
        guard match.methods.contains("GET"), !match.methods.contains("HEAD"),
            let (taker, what) = laxer(than: index, route, host, "HEAD", match.path.segments)
        else { return nil }
        return
            "\(route.name) takes GET and not HEAD: \(taker.name) in line \(taker.position.line) takes HEAD of the same "
            + "path, which \(what); add HEAD to its methods"
    }

    /// The route that takes such a request, if it is another one, leads to the same place and asks for less.
    private func laxer(
        than index: Int, _ route: RouteDraft, _ host: String?, _ method: String, _ path: [PathPattern.Segment]
    ) -> (RouteDraft, String)? {
        var best: (rank: [Int], index: Int)?
        for (candidate, other) in draft.routes.enumerated() {
            guard let match = other.match, match.methods.isEmpty || match.methods.contains(method),
                let hostRank = Self.rank(of: match.hosts, for: host),
                let pathRank = Self.rank(of: match.path.segments, for: path)
            else { continue }
            let rank = [hostRank] + pathRank
            if best.map({ rank.lexicographicallyPrecedes($0.rank) }) ?? true { best = (rank, candidate) }
        }
        guard let best, best.index != index else { return nil }
        let taker = draft.routes[best.index]
        guard case .upstream(let one) = route.destination, case .upstream(let two) = taker.destination,
            one.value == two.value, let what = Self.missing(in: taker, of: route)
        else { return nil }
        return (taker, what)
    }

    // MARK: Which route takes it

    /// Smaller is more specific; nil: these hosts do not take it in.
    /// - Parameter host: an entry of a route's hosts; nil: any host.
    private static func rank(of hosts: [String], for host: String?) -> Int? {
        guard let host else { return hosts.isEmpty ? .max : nil }
        if hosts.isEmpty { return .max }
        let name = host.hasPrefix("*.") ? String(host.dropFirst(2)) : host
        return hosts.compactMap { entry -> Int? in
            if entry == host { return entry.hasPrefix("*.") ? 1_000 - entry.utf8.count : 0 }
            return entry.hasPrefix("*.") && HostPattern.covers(entry, name) ? 1_000 - entry.utf8.count : nil
        }.min()
    }

    /// By segments from the left: a literal is 0, a capture 1, a rest 2; nil: this pattern does not match.
    private static func rank(of pattern: [PathPattern.Segment], for path: [PathPattern.Segment]) -> [Int]? {
        var ranks: [Int] = []
        for (index, segment) in pattern.enumerated() {
            if case .rest = segment { return ranks + [2] }
            guard index < path.count else { return nil }
            switch (segment, path[index]) {
            case (.literal(let one), .literal(let two)):
                guard one == two else { return nil }
                ranks.append(0)
            case (.capture, .literal(let text)):
                guard !text.isEmpty else { return nil }
                ranks.append(1)
            // A capture of the path stands for texts that are no literal of another route.
            case (.capture, .capture): ranks.append(1)
            default: return nil
            }
        }
        return pattern.count == path.count ? ranks : nil
    }

    /// The same with a slash at the end, or without; nil: the pattern has both, or is the root.
    private static func slashed(_ path: PathPattern) -> [PathPattern.Segment]? {
        switch path.segments.last {
        case .literal("") where path.segments.count > 1: Array(path.segments.dropLast())
        case .literal(""), .rest, nil: nil
        case .literal, .capture: path.segments + [.literal("")]
        }
    }

    // MARK: What it asks for

    /// What of `route` the other one lacks, as in `has no limit "exports"`; nil: nothing.
    private static func missing(in other: RouteDraft, of route: RouteDraft) -> String? {
        if let limit = route.limits.first(where: { limit in !other.limits.contains { $0.value == limit.value } }) {
            return "has no limit \(Shown.value(limit.value))"
        }
        guard let own = route.require else { return nil }
        guard let its = other.require else { return other.isPublic ? "is public" : nil }
        if let scope = own.scopes.first(where: { scope in !its.scopes.contains { $0.value == scope.value } }) {
            return "does not demand the scope \(Shown.value(scope.value))"
        }
        let (one, two) = (own.requirement, its.requirement)
        if !own.anyScope.isEmpty, its.anyScope.isEmpty, its.scopes.isEmpty { return "demands no scope" }
        if one.clientCertificate || !one.clientIdentities.isEmpty, !two.clientCertificate, two.clientIdentities.isEmpty
        {
            return "demands no client certificate"
        }
        if one.claims.contains(where: { !two.claims.contains($0) }) { return "has not all of its conditions on claims" }
        if one.proof != nil, two.proof == nil { return "takes tokens that are bound to nobody" }
        if !one.acr.isEmpty, two.acr.isEmpty { return "does not say how users must have logged in (acr)" }
        if one.maxAge != nil, two.maxAge == nil { return "does not say when users must have logged in (max_age)" }
        if let issuer = its.issuers.first(where: { issuer in !own.issuers.contains { $0.value == issuer.value } }) {
            return "trusts the issuer \(Shown.value(issuer.value)), too"
        }
        return nil
    }

    // MARK: Words

    private static func text(_ segments: [PathPattern.Segment]) -> String {
        segments.map { segment in
            switch segment {
            case .literal(let text): "/" + text
            case .capture(let name): "/{\(name)}"
            case .rest(let name): "/{\(name)...}"
            }
        }.joined()
    }

    private static func below(_ path: PathPattern) -> String {
        var segments = path.segments
        if segments.last == .literal("") { segments.removeLast() }
        return text(segments) + "/{rest...}"
    }
}
