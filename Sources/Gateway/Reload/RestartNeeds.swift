import Policy
import PolicyFile

/// A key that has another value than the process was started with, and cannot change while it runs.
struct RestartNeed: Equatable {
    /// As in `bounds.head_max`.
    var key: String
    /// What is different, where the key alone does not say it.
    var detail = ""

    /// As `portcullis check` would say it.
    /// - Parameter places: of keys; one that the file does not have (any more) stands where its section does, or at the top.
    func text(in file: String, _ places: [String: SourcePosition]) -> String {
        var path = key
        while places[path] == nil, let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) {
            path = String(path[..<end])
        }
        let place = places[path] ?? .start
        let parts = key.split(separator: ".").reversed().map { "\"\($0)\"" }.joined(separator: " in ")
        return "\(file):\(place.line):\(place.column): error: \(parts) changed\(detail); restart to bring it into force"
    }
}

extension Policy {
    /// What cannot change under open sockets and an open log; empty: all of the change can take effect.
    func needingRestart(from old: Policy) -> [RestartNeed] {
        var needs = listenersNeedingRestart(from: old.listeners)
        if old.monitors != monitors {
            needs.append(RestartNeed(key: "listeners", detail: " in what those with \"serves\" say"))
        }
        needs += Self.fixedBounds.filter { $0.isOther(bounds, old.bounds) }.map { RestartNeed(key: "bounds.\($0.key)") }
        needs += Self.fixedAudit.filter { $0.isOther(audit, old.audit) }.map { RestartNeed(key: "audit.\($0.key)") }
        if old.audit != audit, !needs.contains(where: { $0.key.hasPrefix("audit.") }) {
            needs.append(.init(key: "audit"))
        }
        if old.workers != workers { needs.append(RestartNeed(key: "workers")) }
        guard old.authorizationServer?.withoutPages != authorizationServer?.withoutPages else { return needs }
        guard let server = authorizationServer, let oldServer = old.authorizationServer else {
            return needs + [RestartNeed(key: "authorization_server")]
        }
        let keys = Self.fixedServer.filter { $0.isOther(server, oldServer) }.map {
            RestartNeed(key: "authorization_server.\($0.key)")
        }
        return needs + (keys.isEmpty ? [RestartNeed(key: "authorization_server")] : keys)
    }

    private func listenersNeedingRestart(from old: [Listener]) -> [RestartNeed] {
        guard old.map(\.name) == listeners.map(\.name) else {
            let new = listeners.map(\.name).filter { !old.map(\.name).contains($0) }
            let gone = old.map(\.name).filter { !listeners.map(\.name).contains($0) }
            let words = new.map { "\($0) is new" } + gone.map { "\($0) is gone" }
            let index = listeners.firstIndex { new.contains($0.name) }
            return [
                RestartNeed(
                    key: index.map { "listeners[\($0)]" } ?? "listeners",
                    detail: words.isEmpty ? " in number or order" : " (\(words.joined(separator: ", ")))")
            ]
        }
        var needs: [RestartNeed] = []
        for (index, (one, other)) in zip(listeners, old).enumerated() {
            func need(_ key: String) { needs.append(RestartNeed(key: "listeners[\(index)].\(key)")) }
            if (one.tls == nil) != (other.tls == nil) { need("tls") }
            if one.connectionsMax != other.connectionsMax { need("connections_max") }
            if one.connectionsPerAddressMax != other.connectionsPerAddressMax,
                one.connectionsMax == other.connectionsMax
            {
                need("connections_per_address_max")
            }
        }
        return needs
    }

    /// A key, and whether it has another value.
    private struct Fixed<Section> {
        let key: String
        let isOther: (Section, Section) -> Bool

        init<Value: Equatable>(_ key: String, _ value: @escaping (Section) -> Value) {
            self.key = key
            isOther = { value($0) != value($1) }
        }
    }

    /// Those that are built into listeners and ledgers.
    private static var fixedBounds: [Fixed<Bounds>] {
        [
            Fixed("head_max") { $0.headBytesMax }, Fixed("fields_max") { $0.fieldsMax },
            Fixed("limit_keys_max") { $0.limitKeysMax },
            Fixed("bad_tokens_per_minute_max") { $0.badTokensPerMinuteMax },
            Fixed("refused_per_minute_max") { $0.refusedPerMinuteMax }, Fixed("dpop_proofs_max") { $0.dpopProofsMax },
        ]
    }

    private static var fixedAudit: [Fixed<AuditSettings>] {
        [
            Fixed("file") { $0.sink }, Fixed("on_full") { $0.whenFull }, Fixed("queue_max") { $0.queueBytesMax },
            Fixed("file.keep_for") { $0.keepFor }, Fixed("file.disk_max") { $0.diskBytesMax },
            Fixed("file.unmatched_keep") { $0.unmatchedKeep },
            Fixed("unmatched_per_minute_max") { $0.unmatchedPerMinuteMax }, Fixed("instance") { $0.instance },
            Fixed("query") { $0.query }, Fixed("token_key") { $0.tokenKey },
        ]
    }

    private static var fixedServer: [Fixed<AuthorizationServerSettings>] {
        [
            Fixed("issuer") { $0.issuer }, Fixed("database") { $0.database }, Fixed("audience") { $0.audience },
            Fixed("access_token_lifetime") { $0.accessTokenLifetime }, Fixed("limits") { $0.limits },
            Fixed("trusts") { $0.trusts }, Fixed("users_may") { $0.users.everybody },
            Fixed("groups") { $0.users.groups },
            Fixed("mail") { $0.mail }, Fixed("session_lifetime") { $0.sessionLifetime },
            Fixed("session_idle") { $0.sessionIdle }, Fixed("scope_descriptions") { $0.scopeDescriptions },
            Fixed("profile") { $0.profile }, Fixed("dpop_nonce") { $0.dpopNonce },
            Fixed("mtls_origin") { $0.mtlsOrigin },
            Fixed("registration") { $0.registration }, Fixed("admin") { $0.admin },
            Fixed("client_keys") { $0.clientKeys },
            Fixed("authorization_details_types") { $0.authorizationDetailsTypes },
            Fixed("key_encryption_key") { $0.keyEncryptionKey }, Fixed("signing_algorithms") { $0.signingAlgorithms },
            Fixed("pending_requests_per_address_max") { $0.pendingRequestsPerAddressMax },
            Fixed("key_rotation") { $0.keyRotation }, Fixed("login.passwords") { $0.logIn.passwords },
            Fixed("login.provider") { $0.logIn.provider }, Fixed("login.second_factor") { $0.logIn.secondFactor },
            Fixed("login.sign_up") { $0.logIn.signUp }, Fixed("login.links") { $0.logIn.links },
        ]
    }
}

extension AuthorizationServerSettings {
    /// Without what a reload can change.
    fileprivate var withoutPages: AuthorizationServerSettings {
        var settings = self
        settings.logIn.pages = PageSettings()
        return settings
    }
}
