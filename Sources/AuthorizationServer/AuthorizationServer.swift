package import AuthorizationRecords
package import HTTP
package import JOSE
import JSON
package import LogIn
package import Policy

/// The built-in OAuth2 authorization server (RFC 6749, OAuth 2.1 draft): request in, answer out.
///
/// It reads no clock, makes no random numbers and opens no file: time and randomness come in with each request,
/// everything that is kept through `AuthorizationStore`. It keeps two things in memory, both bounded: clients that
/// authenticated a moment ago, and failures that slow down guessing.
package final class AuthorizationServer: Sendable {
    private struct Served {
        let declaration: AuthorizationServerEndpoint.Declaration
        let endpoint: any ServerEndpoint
        /// nil: scripts of other origins have no business there.
        let crossOrigin: CrossOriginRule?
    }
    /// By path.
    private let served: [String: Served]
    private let pageSettings: @Sendable () -> PageSettings

    /// - Parameters:
    ///   - resources: what `resource` may name besides the default audience (RFC 8707 §2).
    ///   - published: the audience of a resource by another name under which metadata publishes it (RFC 9728); nil: it
    ///   does not.
    ///   - keys: the signing keys, whichever they are at the time.
    ///   - clock: seconds since 1970, for when a change was over; requests bring the time at which they are judged.
    ///   - hasher: of the passwords of users.
    ///   - keySource: fetches the keys of clients that register an address; nil: such clients cannot authenticate.
    ///   - seal: for the secrets of authenticator apps, as for signing keys; nil: they are stored as they are.
    ///   - registrationToken: the initial access token of `registration` (RFC 7591 §3); nil: nobody registers clients
    ///   by it.
    ///   - documents: fetches what clients publish whose id is its address; nil: there are no such clients.
    ///   - assertions: judges tokens of others that stand for clients; nil: none are taken.
    ///   - makeKey: makes a signing key of an algorithm, unless there is one, and has it in `keys`.
    ///   - certificates: what clients can show by certificates on the listeners that there are now, for the metadata.
    ///   - pageSettings: how pages are shown now; nil: as `settings` says.
    ///   - mail: sends mail to users; nil: there is none.
    ///   - provider: at which users log in; nil: they log in here, or there is no way to the one that the settings
    ///   name.
    package init(
        settings: AuthorizationServerSettings, resources: [String] = [],
        published: @escaping @Sendable (String) -> String? = { _ in nil }, keys: SigningKeys, pepper: SecretPepper,
        store: any AuthorizationStore, clock: @escaping @Sendable () -> Int64,
        hasher: PasswordHasher = PasswordHasher(atOnce: 1), seal: KeySeal? = nil,
        keySource: (any ClientKeySource)? = nil, registrationToken: String? = nil,
        documents: (any ClientDocumentSource)? = nil,
        assertions: (any AssertionJudge)? = nil,
        mail: (any MailQueue)? = nil,
        provider: (any IdentityProvider)? = nil, makeKey: @escaping @Sendable (Algorithm) async -> Void = { _ in },
        certificates: @escaping @Sendable () -> CertificateTrust = { .verified },
        pageSettings: (@Sendable () -> PageSettings)? = nil
    ) {
        let pageSettings = pageSettings ?? { [pages = settings.logIn.pages] in pages }
        self.pageSettings = pageSettings
        let issuer = settings.issuer.text
        let clientKeys = ClientKeys(source: keySource)
        let terms = OpenClientTerms(registration: settings.registration)
        let open = settings.registration?.open.map { OpenRegistration($0) }
        let openMetadata = ClientMetadata(
            profile: settings.profile, scopes: settings.registration?.scopes ?? [], keyHosts: .these([]),
            grantsAtMost: OpenRegistration.grants, idTokenAlgorithms: settings.idTokenAlgorithms)
        let clientDocuments = documents.flatMap { documents in
            settings.registration?.open?.documents == true
                ? open.map { ClientDocuments(store: store, source: documents, open: $0, metadata: openMetadata) } : nil
        }
        let authenticator = ClientAuthenticator(
            store: store, pepper: pepper, realm: issuer, profile: settings.profile,
            tokenEndpoints: ([settings.issuer.origin] + [settings.mtlsOrigin?.origin].compactMap { $0 }).map {
                $0 + AuthorizationServerEndpoint.token.path
            }, keys: clientKeys, terms: terms, documents: clientDocuments)
        let proofs = SenderProofRules(
            store: store, pepper: pepper, needsNonce: settings.dpopNonce, profile: settings.profile,
            certificates: authenticator.certificates)
        let mint = TokenMint(
            issuer: issuer, lifetimeSeconds: settings.accessTokenLifetime.components.seconds, keys: keys)
        let targets = TargetRules(defaultAudience: settings.audience, resources: resources, published: published)
        let access = UserAccess(settings)
        let tokens = GrantTokens(
            mint: mint, identity: IDTokenMint(issuer: issuer, keys: keys, profile: settings.profile), targets: targets,
            access: access)
        let objects = RequestObjects(issuer: issuer, keys: clientKeys, profile: settings.profile)
        let hints = IDTokenHints(issuer: issuer, keys: keys)
        let judge = AuthorizationRequestValidator(
            targets: targets, detailTypes: settings.authorizationDetailsTypes, hints: hints, profile: settings.profile)
        let reader = AccessTokenReader(issuer: issuer, keys: keys, store: store)
        let room = GrantRoom(store: store, tokenSeconds: mint.lifetimeSeconds)
        var grants: [any TokenGrant] = [
            ClientCredentialsGrant(mint: mint, targets: targets),
            AuthorizationCodeGrant(store: store, tokens: tokens, refresh: RefreshTokens(), room: room),
            RefreshTokenGrant(store: store, tokens: tokens),
            DeviceCodeGrant(store: store, tokens: tokens, refresh: RefreshTokens(), room: room),
            TokenExchangeGrant(reader: reader, mint: mint, targets: targets, access: access),
        ]
        if let assertions {
            grants.append(JWTBearerGrant(judge: assertions, store: store, mint: mint, targets: targets))
        }
        let metadata = ServerMetadata(
            settings: settings, grants: grants.map(\.type), certificates: certificates,
            languages: { pageSettings().languages })
        let pending = PendingRequests(perAddress: settings.pendingRequestsPerAddressMax)
        let pages = LogInPages(
            settings: settings, store: store, pepper: pepper, hasher: hasher, seal: seal, hints: hints,
            pending: pending,
            mail: mail, provider: provider)
        let document = PublishedDocument { now in .published(metadata.document(keys.ring, now: now)) }
        func client(_ operation: any ClientOperation) -> ClientEndpoint {
            ClientEndpoint(authenticator: authenticator, proofs: proofs, operation: operation)
        }
        var endpoints: [AuthorizationServerEndpoint: any ServerEndpoint] = [
            .token: client(TokenEndpoint(grants: grants, store: store)),
            .jwks: PublishedDocument { now in .published(keys.ring.publicSet(now: now)) },
            .metadata: document, .openIDConfiguration: document,
            .authorize: AuthorizationEndpoint(
                issuer: issuer, store: store,
                receiver: RequestReceiver(
                    store: store, objects: objects, documents: clientDocuments, terms: terms,
                    requiresPushedRequests: settings.profile.demandsPushedRequests),
                judge: judge, sessions: pages.sessions, pending: pending,
                contexts: AuthenticationContexts(settings), access: access),
            .par: client(
                PushedRequestEndpoint(
                    store: store, objects: objects, judge: judge, pending: pending, profile: settings.profile)),
            .userInfo: UserInfoEndpoint(
                store: store,
                tokens: OwnTokens(
                    issuer: issuer, audience: settings.audience, keys: keys, store: store,
                    proves: { (call, key, token) throws(OAuthError) in
                        try await proofs.proves(call, key: key, token: token)
                    }),
                proofs: proofs, realm: issuer, access: access),
            .revoke: client(RevocationEndpoint(reader: reader, store: store)),
            .deviceAuthorization: client(
                DeviceAuthorizationEndpoint(
                    store: store, targets: targets, pending: pending,
                    verificationURI: settings.issuer.address(of: .device))),
            .introspect: client(
                IntrospectionEndpoint(
                    reader: reader, store: store, signer: IntrospectionSigner(issuer: issuer, keys: keys),
                    access: access)),
        ]
        if let registration = settings.registration, registrationToken != nil || registration.open != nil {
            let keyHosts = ClientMetadata.KeyHosts.these(keySource == nil ? [] : registration.jwksHosts)
            endpoints[.register] = RegistrationEndpoint(
                store: store, clock: clock,
                metadata: ClientMetadata(
                    profile: settings.profile, scopes: registration.scopes, keyHosts: keyHosts,
                    detailTypes: registration.authorizationDetailsTypes,
                    idTokenAlgorithms: settings.idTokenAlgorithms),
                pepper: pepper,
                openMetadata: openMetadata,
                initialToken: registrationToken.map { SecretDigest.text(of: $0) },
                open: open,
                address: settings.issuer.address(of: .register), makeKey: makeKey)
        }
        endpoints.merge(pages.endpoints) { one, _ in one }
        var served: [String: Served] = [:]
        for (endpoint, answering) in endpoints {
            served[endpoint.path(issuer: settings.issuer)] = Served(
                declaration: endpoint.declaration, endpoint: answering,
                crossOrigin: endpoint.declaration.crossOrigin)
        }
        self.served = served
    }

    /// Answers one request to one of the paths of `AuthorizationServerEndpoint`. An answer to HEAD has the body of GET;
    /// whoever writes it leaves the body out.
    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - monotonic: the same moment on a clock that nobody sets; nanoseconds.
    package func answer(
        _ request: ServiceRequest, now: Int64, monotonic: Int64, random: Randomness
    ) async -> ServiceResponse {
        guard let served = served[request.path] else {
            return .noSuchEndpoint
        }
        // A browser asks for itself, and brings no credentials.
        if let rule = served.crossOrigin, let fields = rule.preflightFields(of: request) {
            return ServiceResponse(status: 204, fields: fields)
        }
        var response = await answer(served, request, now: now, monotonic: monotonic, random: random)
        // Refusals, too: a script has to learn what is wrong.
        if let rule = served.crossOrigin {
            response.fields += rule.answerFields(origin: request.values("origin").first)
        }
        return response
    }

    private func answer(
        _ served: Served, _ request: ServiceRequest, now: Int64, monotonic: Int64, random: Randomness
    ) async -> ServiceResponse {
        let declaration = served.declaration
        guard declaration.methods.contains(request.method) else {
            return .methodNotAllowed(allow: declaration.methods.joined(separator: ", "))
        }
        // Its route has the same bound; this one holds whoever calls.
        guard request.body.count <= declaration.body.bytesMax else { return .contentTooLarge }
        return await served.endpoint.answer(
            EndpointCall(
                request: request, now: now, monotonic: monotonic, random: random, pages: pageSettings()))
    }
}
