import HTTP
import JOSE
import Octets

extension Policy {
    /// What the policy says, in one line for each part: for `portcullis check`, for the log at start, and for tests.
    package var summary: [String] {
        var lines = listeners.map(\.summary) + monitors.map(\.summary)
        lines += issuers.map(\.summary)
        if let server = authorizationServer {
            let open = server.registration?.open.map {
                ", anybody registers clients for \(server.registration?.scopes.joined(separator: " ") ?? ""), \($0.clientsMax) at most"
            }
            let clientKeys = server.clientKeys == OutgoingWay() ? "" : ", keys of clients \(server.clientKeys.summary)"
            lines.append(
                "authorization server \(server.issuer.text), audience \(server.audience), tokens for \(DurationText.text(server.accessTokenLifetime)), database \(server.database)\(clientKeys)\(open ?? "")"
            )
            if server.logIn != LogInSettings() { lines.append(server.logIn.summary) }
            lines += server.users.summary
            if let signUp = server.logIn.signUp { lines.append(signUp.summary) }
            if let mail = server.mail { lines.append(mail.summary) }
        }
        if let tokens = upstreamTokens {
            lines.append(
                "upstream tokens of \(tokens.issuer.text), signed with \(tokens.keys[0]), for \(DurationText.text(tokens.lifetime))"
            )
        }
        lines += upstreams.map(\.summary)
        lines += limits.map(\.summary)
        lines += routes.map(summary(of:))
        if via != Self.viaDefault { lines.append("via \(via ?? "off")") }
        lines.append(audit.summary)
        lines += insecurities.map { "INSECURE \($0)" }
        return lines
    }

    private func summary(of route: Route) -> String {
        let methods = route.match.methods.isEmpty ? "any method" : route.match.methods.joined(separator: " ")
        let hosts = route.match.hosts.isEmpty ? "any host" : route.match.hosts.joined(separator: " ")
        var parts = ["route \(route.id): \(methods) on \(hosts) \(route.match.path.text)"]
        parts.append("to \(name(of: route.destination))")
        parts.append(route.require.map(summary(of:)) ?? "public")
        if !route.limits.isEmpty { parts.append("limits \(names(route.limits, in: limits.map(\.name)))") }
        if route.isForThisMachine { parts.append("on listeners of this machine only") }
        if route.forwardToken { parts.append("token passed on") }
        if !route.allowPath.isEmpty {
            parts.append("paths with \(PathName.names(of: route.allowPath).joined(separator: " "))")
        }
        if !route.allowFieldNames.isEmpty {
            parts.append("field names with \(route.allowFieldNames.names.joined(separator: " "))")
        }
        switch route.bodyBytesMax {
        case .none: break
        case .some(.none): parts.append("body unlimited")
        case .some(.some(let octets)): parts.append("body up to \(SizeText.text(octets))")
        }
        if route.allowUpgrade { parts.append("upgrades") }
        return parts.joined(separator: ", ")
    }

    private func name(of destination: Route.Destination) -> String {
        switch destination {
        case .upstream(let index): upstreams.indices.contains(index) ? upstreams[index].name : "?"
        case .local(let service): "local \(service.rawValue)"
        }
    }

    private func summary(of require: Requirement) -> String {
        var parts: [String] = []
        if !require.issuers.isEmpty { parts.append("token of \(names(require.issuers, in: issuers.map(\.name)))") }
        if !require.scopes.isEmpty { parts.append("scopes \(require.scopes.joined(separator: " "))") }
        if !require.anyScope.isEmpty { parts.append("any scope of \(require.anyScope.joined(separator: " "))") }
        parts += require.claims.map { "claim \($0.summary)" }
        if !require.audiences.isEmpty { parts.append("audience \(require.audiences.joined(separator: " "))") }
        if !require.acr.isEmpty { parts.append("acr \(require.acr.joined(separator: " "))") }
        if let maxAge = require.maxAge { parts.append("authenticated within \(DurationText.text(maxAge))") }
        if require.clientCertificate {
            let who = require.clientIdentities.map(\.text).joined(separator: " ")
            parts.append(who.isEmpty ? "client certificate" : "client certificate of \(who)")
        }
        if let proof = require.proof { parts.append("proof \(proof.rawValue)") }
        if require.dpopNonce { parts.append("DPoP nonce") }
        return parts.joined(separator: ", ")
    }

    private func names(_ indices: [Int], in names: [String]) -> String {
        indices.map { names.indices.contains($0) ? names[$0] : "?" }.joined(separator: " ")
    }
}

extension Listener {
    fileprivate var summary: String {
        let address = HostAndPort(host: host, port: port).text
        guard let tls else { return "listener \(address), plaintext, \(connectionsMax) connections" }
        let unverified = tls.takesUnverifiedCertificates ? ", client certificates not verified" : ""
        let clients = tls.clientAuthorities.map { ", client certificates by \($0)" } ?? unverified
        let chains = tls.certificates.map(\.chain).joined(separator: " ")
        return
            "listener \(address), TLS \(tls.minimumVersion.rawValue) and up with \(chains)\(clients), \(connectionsMax) connections"
    }
}

extension Issuer {
    fileprivate var summary: String {
        let keys =
            switch keys {
            case .embedded: "own keys"
            case .jwksFile(let path): "keys in \(path)"
            case .fetched(let fetching):
                fetching.wantsKeys ? "keys \(fetching.summary)" : "metadata \(fetching.summary)"
            case .unneeded: "no keys"
            }
        let others = aliases.isEmpty ? "" : " or \(aliases.joined(separator: " or "))"
        let who = tenants.isEmpty ? "" : " of tenants \(tenants.joined(separator: " "))"
        let kinds = types.map { $0.isEmpty ? "absent" : $0 }.joined(separator: " ")
        let proofs =
            (dpopAlgorithms == Algorithm.allCases
                ? "" : ", DPoP by \(dpopAlgorithms.map(\.rawValue).joined(separator: " "))")
            + (dpopNonce ? ", DPoP nonce" : "")
        let verified = algorithms.isEmpty ? "" : ", \(algorithms.map(\.rawValue).joined(separator: " "))"
        let typed = judgement == .introspection ? "" : ", typ \(kinds)"
        let asked = introspection.map { ", \(judgement.rawValue) \($0.summary)" } ?? ""
        return
            "issuer \(name): \(identifier)\(others)\(who), \(keys)\(verified)\(typed)\(asked), audience \(audiences.joined(separator: " "))\(demands), skew \(DurationText.text(clockSkew))\(proofs)\(scopes)\(listed ? "" : ", not listed")"
    }

    /// Only what is not the default.
    private var demands: String {
        (audienceClaim == ["aud"] ? "" : " in \(ClaimPath.text(audienceClaim))")
            + (claims.isEmpty ? "" : ", \(claims.map(\.summary).joined(separator: ", "))")
            + (acceptsIDTokens ? ", ID tokens, too" : "")
    }

    /// Only what is not the default.
    private var scopes: String {
        if scopeClaim == ["scope"], scopeForm == .words, scopeMatch == .exact { return "" }
        return ", scopes in \(ClaimPath.text(scopeClaim)) as \(scopeForm.rawValue), \(scopeMatch.rawValue)"
    }
}

extension KeyFetching {
    fileprivate var summary: String {
        var parts: [String] = []
        switch place {
        case .discovery: parts.append("by discovery")
        case .metadata(let url): parts.append("by discovery at \(url)")
        case .keySet(let url): parts.append("from \(url)")
        }
        if !jwksHosts.isEmpty { parts.append("also on \(jwksHosts.joined(separator: " "))") }
        if !jwksMediaTypes.isEmpty { parts.append("as \(jwksMediaTypes.joined(separator: " "))") }
        return (parts + [way.summary]).joined(separator: " ")
    }
}

extension OutgoingWay {
    fileprivate var summary: String {
        var parts: [String] = []
        if let connectTo { parts.append("at \(connectTo.description)") }
        if let proxy { parts.append("through \(proxy.description)") }
        parts.append(authorities.map { "vouched for by \($0)" } ?? "vouched for by the system's authorities")
        if let certificate { parts.append("shows \(certificate.chain)") }
        if !allowedAddresses.isEmpty { parts.append("\(allowedAddresses.count) addresses allowed") }
        return parts.joined(separator: " ")
    }
}

extension Introspection {
    fileprivate var summary: String {
        let place =
            switch place {
            case .url(let url): "at \(url) \(way.summary)"
            case .discovery: "by discovery"
            }
        var parts = ["\(place) as \(clientID) by \(authentication.name)"]
        if !tokenPrefixes.isEmpty { parts.append("of tokens \(tokenPrefixes.map { "\($0)…" }.joined(separator: " "))") }
        if jwtResponse { parts.append("answers signed") }
        parts.append(
            "active for \(DurationText.text(activeLifetime)) inactive for \(DurationText.text(inactiveLifetime)) within \(DurationText.text(deadline))"
        )
        return parts.joined(separator: " ")
    }
}

extension Upstream {
    fileprivate var summary: String {
        var parts = ["upstream \(name): \(endpoints.map(\.description).joined(separator: " "))"]
        if let tls {
            parts.append("TLS \(tls.minimumVersion.rawValue) and up")
            parts.append(tls.identity.map { "as \($0.text)" } ?? "as anyone")
            parts.append(tls.certificate.map { "shows \($0.chain)" } ?? "shows no certificate")
        } else {
            parts.append("plaintext")
        }
        parts.append(balancing.rawValue)
        parts.append(
            ejectAfterFailures == 0
                ? "no ejection" : "ejects for \(DurationText.text(ejectionTime)) after \(ejectAfterFailures)")
        if !retry { parts.append("no retry") }
        if !headers.pass.isEmpty { parts.append("lets clients send \(headers.pass.joined(separator: " "))") }
        if !headers.remove.isEmpty { parts.append("without \(headers.remove.joined(separator: " "))") }
        if let tokenAudience { parts.append("gets a token for \(tokenAudience)") }
        return parts.joined(separator: ", ")
    }
}

extension RateLimit {
    fileprivate var summary: String {
        "limit \(name): \(count) each \(DurationText.text(period)), burst \(burst), by \(by.map(\.text).joined(separator: " "))"
    }
}

extension AuditSettings {
    fileprivate var summary: String {
        let full = whenFull == .refuse ? "refuses when full" : "drops and counts when full"
        let place =
            switch sink {
            case .standardOutput: "standard output"
            case .file(let path, let rotate, let keep):
                "\(path), rotated at \(SizeText.text(rotate)), \(keep) kept\(keptFor)"
            }
        return "audit to \(place), \(full)"
    }

    private var keptFor: String {
        guard let keepFor else { return "" }
        return " and \(DurationText.text(keepFor)), \(SizeText.text(diskBytesMax)) in all"
    }
}

extension ClaimRule {
    fileprivate var summary: String {
        let name = ClaimPath.text(claim)
        return
            switch condition
        {
        case .equals(let value): "\(name) = \(value.text)"
        case .oneOf(let values): "\(name) in \(values.map(\.text).joined(separator: "|"))"
        case .contains(let value): "\(name) contains \(value.text)"
        case .matches(let pattern): "\(name) matches \(Shown.value(pattern.text))"
        }
    }
}

extension ClaimScalar {
    /// As in JSON, nearly.
    fileprivate var text: String {
        switch self {
        case .string(let text): Shown.value(text)
        case .number(let number):
            number == number.rounded() && number.magnitude < 1e15 ? "\(Int64(number))" : "\(number)"
        case .bool(let bool): "\(bool)"
        case .capture(_, let name): "{\(name)} of the path"
        }
    }
}

extension UpstreamIdentity {
    /// As in `routes.yaml`.
    package var text: String {
        switch self {
        case .spiffe(let id): id
        case .dns(let name): "dns:\(name)"
        }
    }
}

extension UserRules {
    fileprivate var summary: [String] {
        let said = claims.isEmpty ? [] : ["tokens about users say \(claims.map(\.name).joined(separator: " "))"]
        guard everybody != nil || !groups.isEmpty else { return said }
        let all =
            switch standard {
            case .any: "any scope but those of the management interface"
            case .only(let scopes): scopes.isEmpty ? "nothing but log in" : scopes.joined(separator: " ")
            }
        return ["users may \(all)"]
            + groups.map { group in
                let source =
                    group.source.map { ", whose \($0.claim) has \(Shown.value($0.value)) at the provider" } ?? ""
                return
                    "group \(group.name)\(source), may \(group.may.isEmpty ? "nothing besides" : group.may.joined(separator: " "))\(group.requiresSecondFactor ? ", second factor required" : "")"
            } + said
    }
}

extension SecondFactorSettings {
    fileprivate var summary: String {
        switch mode {
        case .off: "without second factors"
        case .optional, .required:
            "second factor \(mode.rawValue) (\(methods.map(\.rawValue).joined(separator: ", ")))"
                + (missing == .refuse ? ", who needs one and has none is refused" : "")
        }
    }
}

extension SignUpSettings {
    fileprivate var summary: String {
        "accounts for whoever reads mail of \(domains.isEmpty ? "any domain" : domains.joined(separator: ", "))"
    }
}

extension MailSettings {
    fileprivate var summary: String {
        let way = security.map { $0 == .startTLS ? "STARTTLS" : "TLS" } ?? "without TLS"
        return "mail from \(from.text) through \(host):\(port), \(way)\(user.map { " as \($0)" } ?? "")"
    }
}

extension LogInSettings {
    fileprivate var summary: String {
        guard let provider else { return "log-in by password, " + secondFactor.summary }
        var parts = [
            "log-in at \(provider.issuer) as \(provider.clientID), by \(provider.authentication.name), scopes \(provider.scopes.joined(separator: " "))"
        ]
        parts += provider.claims.map { "claim \($0.summary)" }
        parts.append(provider.signsUp ? "whoever comes gets an account" : "nobody gets an account")
        parts.append(passwords ? "by password, too, " + secondFactor.summary : "not by password")
        return parts.joined(separator: ", ")
    }
}
