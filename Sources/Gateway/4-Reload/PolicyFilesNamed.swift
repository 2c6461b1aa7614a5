internal import Policy

extension Policy {
    /// Every file that this policy was made from, besides `routes.yaml` itself: what reload re-reads and watches.
    var filesNamed: [String] {
        var paths: Set<String> = []
        for listener in listeners {
            guard let tls = listener.tls else { continue }
            for pair in tls.certificates { paths.formUnion([pair.chain, pair.key]) }
            if let authorities = tls.clientAuthorities { paths.insert(authorities) }
        }
        for upstream in upstreams {
            guard let tls = upstream.tls else { continue }
            paths.insert(tls.authorities)
            if let pair = tls.certificate { paths.formUnion([pair.chain, pair.key]) }
        }
        for issuer in issuers {
            if case .jwksFile(let path) = issuer.keys { paths.insert(path) }
        }
        paths.formUnion(upstreamTokens?.keys ?? [])
        return paths.sorted()
    }
}
