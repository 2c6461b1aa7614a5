package import AuthorizationRecords
import AuthorizationServer
package import JSON

extension Administration {
    /// What is not a client's own to say when it registers itself.
    package struct ClientTerms: Sendable {
        /// What it may name in `resource`; nil: all there are.
        package var resources: [String]?
        /// Tokens for which it may introspect and exchange; nil: for those of `resources`.
        package var servedResources: [String]?
        /// `sub` of who alone may exchange its access tokens; nil: whoever serves what they are for.
        package var mayAct: String?
        /// What its users' log-ins have to reach, as `acr` has it (`AuthenticationLevel`); nil: any will do.
        package var minimumACR: String?
        /// Users are not asked whether they agree.
        package var isFirstParty: Bool

        package init(
            resources: [String]? = nil, servedResources: [String]? = nil, mayAct: String? = nil,
            minimumACR: String? = nil, isFirstParty: Bool = false
        ) {
            self.resources = resources
            self.servedResources = servedResources
            self.mayAct = mayAct
            self.minimumACR = minimumACR
            self.isFirstParty = isFirstParty
        }

        /// Ids of clients have 128 octets at most, and what a user's `sub` is comes from here.
        func check() throws(ManagementError) {
            if let minimumACR, AuthenticationLevel(rawValue: minimumACR) == nil {
                throw ManagementError.refused(
                    "minimum_acr must be one of \(AuthenticationLevel.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            guard let mayAct else { return }
            guard ClientID.mayExist(mayAct) else {
                throw ManagementError.refused("may_act is neither the id of a client nor the sub of a user")
            }
        }

        func apply(to client: inout RegisteredClient) {
            client.resources = resources
            client.servedResources = servedResources
            client.mayAct = mayAct
            client.leastLevel = minimumACR.flatMap(AuthenticationLevel.init(rawValue:))
            client.isFirstParty = isFirstParty
        }
    }

    /// - Parameters:
    ///   - id: nil: one is made.
    ///   - metadata: RFC 7591 §2.
    ///   - known: a secret that it has already, random as ours; nil: one is made, if it needs one.
    package func addClient(
        id: String?, metadata: JSONObject, terms: ClientTerms, secret known: String? = nil, now: Int64,
        random: Randomness
    ) async throws -> Done<RegisteredClient> {
        try terms.check()
        if let id, case let first = try await firstSecond(ofClient: id), first > now {
            throw ManagementError.conflict(
                "what another client \"\(id)\" held ends within \(first - now) s, and so would what this one obtains; try again then"
            )
        }
        do {
            var (client, secret) = try await store.addClient(
                id: id, metadata: metadata, rules: clientRules, pepper: pepper, secret: known, now: now,
                random: random
            ) { client in
                terms.apply(to: &client)
            }
            client.version = 1
            await makeKey(for: client, now: now, random: random)
            return Done(
                change: ManagedChange(.clientAdded, client.id, before: nil, after: client.managementDocument),
                value: client, secret: secret)
        } catch let error as ClientMetadataError {
            throw ManagementError.refused(error.description)
        } catch let error as UnstorableRecord {
            throw ManagementError.refused(error.description)
        } catch let error as RegistrationError {
            if case .idTaken = error { throw ManagementError.conflict(error.description) }
            throw ManagementError.refused(error.description)
        }
    }

    /// Of what its ID tokens are to be signed by. Where that fails now, a gateway makes the key when it looks after keys.
    private func makeKey(for client: RegisteredClient, now: Int64, random: Randomness) async {
        guard let algorithm = client.idTokenAlgorithm else { return }
        _ = try? await SigningKeyChange(store: store, terms: terms, random: random).makeKey(of: algorithm, now: now)
    }

    /// The first second in which what a new client of this id obtains counts; 0: any.
    package func firstSecond(ofClient id: String) async throws -> Int64 {
        try await firstSecond(of: [.client(id), .subject(id)])
    }

    /// The client as this metadata has it; what is not there any more is gone. Its id, its secrets and what it was
    /// granted stay, but for secrets that it does not authenticate by any more; if it begins to, it gets one. Where it may
    /// do less than before, its access tokens end; refresh tokens lead to new ones, which can no more than it may.
    package func replaceClient(
        _ id: String, metadata: JSONObject, terms: ClientTerms, expected: Int64? = nil, now: Int64, random: Randomness
    ) async throws -> Done<RegisteredClient> {
        try terms.check()
        guard let old = try await store.client(id: id) else { throw ManagementError.notFound }
        try Self.check(old.version, expected)
        var new: RegisteredClient
        do throws(ClientMetadataError) {
            new = try clientRules.client(metadata, id: id, now: old.createdAt)
        } catch {
            throw ManagementError.refused(error.description)
        }
        guard !new.scopes.isEmpty || !new.grants.contains(.clientCredentials) else {
            throw ManagementError.refused(RegistrationError.noScope.description)
        }
        // Metadata names one method. A client that may show its secret in either way is described by the first, and
        // keeps both.
        if metadata["token_endpoint_auth_method"] == nil
            || metadata["token_endpoint_auth_method"] == old.metadataDocument["token_endpoint_auth_method"]
        {
            new.authenticationMethods =
                metadata["token_endpoint_auth_method"] == nil
                ? [.clientSecretBasic, .clientSecretPost] : old.authenticationMethods
        }
        new.version = old.version
        terms.apply(to: &new)
        new.openUntil = old.openUntil
        new.documentReadAt = old.documentReadAt
        guard new.openUntil == nil || !new.isFirstParty else {
            throw ManagementError.refused(
                "a client that registered itself is not first_party: nobody has vouched for it")
        }
        new.secrets = new.usesSecret ? old.secrets : []
        var secret: ClientSecret?
        if new.usesSecret, new.secrets.isEmpty {
            let made = ClientSecret.generate(random)
            new.secrets = [StoredSecret(mac: pepper.mac(of: made.text, clientID: id), createdAt: now)]
            secret = made
        }
        if new == old {
            let document = old.managementDocument
            return Done(
                change: ManagedChange(.clientChanged, id, before: document, after: document), value: old, secret: nil)
        }
        let narrows = new.isNarrower(than: old)
        if narrows {
            try await commit([.replace(new.record)], ending: .client(id), keepingGrants: true, now: now)
        } else {
            try await commit([.replace(new.record)], now: now)
        }
        new.version &+= 1
        await makeKey(for: new, now: now, random: random)
        var change = ManagedChange(
            .clientChanged, id, before: old.managementDocument, after: new.managementDocument)
        // What it obtains next must not end with the tokens that could do more.
        if narrows { change.settling = ManagedChange.overtaking }
        return Done(change: change, value: new, secret: secret)
    }

    /// With everything that belongs to it; its access tokens count no longer.
    package func removeClient(_ id: String, expected: Int64? = nil, now: Int64) async throws -> ManagedChange {
        guard let client = try await store.client(id: id) else { throw ManagementError.notFound }
        try Self.check(client.version, expected)
        guard try await store.remove(client, now: now, clock: clock) else { throw ManagementError.changedMeanwhile }
        return ManagedChange(.clientRemoved, id, before: client.managementDocument, after: nil)
    }

    /// A further secret, the newer from now on; two count at a time.
    package func addSecret(toClient id: String, expected: Int64? = nil, now: Int64, random: Randomness) async throws
        -> Done<RegisteredClient>
    {
        var secret: ClientSecret?
        let (change, client) = try await changeSecrets(.secretAdded, of: id, expected, now: now) {
            client throws(ManagementError) in
            guard client.usesSecret else { throw .refused("\"\(id)\" does not authenticate by a secret") }
            guard client.secrets.count < 2 else {
                throw .conflict("the client has two secrets already; remove the older first")
            }
            let made = ClientSecret.generate(random)
            client.secrets.insert(StoredSecret(mac: pepper.mac(of: made.text, clientID: id), createdAt: now), at: 0)
            secret = made
        }
        return Done(change: change, value: client, secret: secret)
    }

    /// - Parameter newer: the newer of the two, where that was given away by mistake; otherwise the older.
    package func removeSecret(ofClient id: String, newer: Bool, expected: Int64? = nil, now: Int64) async throws
        -> Done<RegisteredClient>
    {
        let (change, client) = try await changeSecrets(.secretRemoved, of: id, expected, now: now) {
            client throws(ManagementError) in
            guard client.secrets.count == 2 else {
                throw .conflict("the client has no second secret; add one first, or remove the client")
            }
            client.secrets.remove(at: newer ? 0 : 1)
        }
        return Done(change: change, value: client, secret: nil)
    }

    private func changeSecrets(
        _ action: ManagedChange.Action, of id: String, _ expected: Int64?, now: Int64,
        _ change: (inout RegisteredClient) throws(ManagementError) -> Void
    ) async throws -> (ManagedChange, RegisteredClient) {
        guard let old = try await store.client(id: id) else { throw ManagementError.notFound }
        try Self.check(old.version, expected)
        var new = old
        try change(&new)
        try await commit([.replace(new.record)], now: now)
        new.version &+= 1
        return (ManagedChange(action, id, before: old.managementDocument, after: new.managementDocument), new)
    }
}

extension RegisteredClient {
    /// Whether it lost a scope, a resource or a way to come by tokens, or somebody may no longer exchange its own, or they have
    /// to be bound.
    fileprivate func isNarrower(than old: RegisteredClient) -> Bool {
        let lostResource =
            resources.map { left in old.resources.map { !$0.allSatisfy(left.contains) } ?? true } ?? false
        let shutsOut =
            mayAct != nil && mayAct != old.mayAct || (leastLevel ?? .password) > (old.leastLevel ?? .password)
        // Tokens of before are of use to whoever finds them.
        let binds = bindsToKey && !old.bindsToKey || bindsToCertificate && !old.bindsToCertificate
        return lostResource || shutsOut || binds || !old.scopes.allSatisfy(scopes.contains)
            || !old.grants.isSubset(of: grants)
    }
}
