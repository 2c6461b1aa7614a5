import Policy

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
            paths.formUnion(issuer.introspection?.filesNamed ?? [])
        }
        paths.formUnion(upstreamTokens?.keys ?? [])
        paths.formUnion(authorizationServer?.logIn.pages.files ?? [])
        // Also those that are read anew for each connection: what is known of their times is read at a reload.
        paths.formUnion(certificateFiles.map(\.path))
        return paths.sorted()
    }
}

extension Introspection {
    /// By which the gateway shows who it is, and whom it trusts.
    fileprivate var filesNamed: [String] {
        var paths = [way.authorities, way.certificate?.chain, way.certificate?.key].compactMap { $0 }
        switch authentication {
        case .secretBasic(.file(let path)), .secretPost(.file(let path)): paths.append(path)
        case .privateKeyJWT(let path, _, _, _): paths.append(path)
        case .secretBasic(.environment), .secretPost(.environment), .tlsClientCertificate: break
        }
        return paths
    }
}
