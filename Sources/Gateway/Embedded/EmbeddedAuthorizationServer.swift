import Administration
import Admission
import Audit
import AuthorizationRecords
import AuthorizationServer
import DataPlane
import Foundation
import HTTP
import JOSE
import LogIn
import Logging
import Policy
import ServiceLifecycle
import Storage
import Synchronization
import Transport

/// The authorization server as a service inside the gateway: the module, its store, the clock and the system's
/// randomness.
final class EmbeddedAuthorizationServer: LocalService {
    private let server: AuthorizationServer
    /// What `routes.yaml` calls it as an issuer; nil: no route takes its tokens.
    private let issuerName: String?
    let database: AuthorizationDatabase
    private let keys: SigningKeys
    private let clientKeys: ClientKeyFetcher
    private let keysGeneration: KeysGeneration
    private let rotation: SigningKeyRotation
    /// Tells applications of log-outs.
    let logouts: LogoutDelivery
    private let damagedAnswers = Atomic<Int>(0)
    /// Seconds since 1970.
    private let damageLoggedAt = Mutex<Int64>(0)
    private let logger: Logger
    /// Judges tokens of workloads; nil: none are taken.
    let federation: AssertionVerifier?
    /// Reaches the provider at which users log in; nil: there is none.
    let provider: OpenIDProviderClient?
    /// Sends mail to users; nil: the settings name no server for it.
    let mail: MailSending?
    /// What the management interface may change.
    let administration: Administration

    /// Opens the store; throws `StorageError` when it cannot be used.
    ///
    /// A token may be asked for each audience that the embedded issuer of the policy in force accepts, and under each
    /// address that its metadata publishes.
    init(
        _ settings: AuthorizationServerSettings, policy: Policy, current: CurrentPolicy, audit: AuditLog, logger: Logger
    ) async throws {
        self.logger = logger
        database = try await AuthorizationDatabase.open(settings, secrets: DatabaseSecrets(settings), now: Self.now)
        keys = SigningKeys(try database.ring)
        logger.log(opened: database, signingBy: keys.ring.current(now: Self.now)?.kid)
        for key in database.signingKeys.unusable { logger.error(unusable: key) }
        let generation = KeysGeneration()
        keysGeneration = generation
        let rotation = SigningKeyRotation(database: database, keys: keys, logger: logger, clock: { Self.now }) {
            generation.count.add(1, ordering: .releasing)
            await current.publishKeys(of: nil)
        }
        self.rotation = rotation
        logouts = LogoutDelivery(
            store: database.store,
            mint: LogoutTokenMint(issuer: settings.issuer.text, keys: keys, profile: settings.profile),
            way: settings.clientKeys, logger: logger, clock: { Self.now }, record: { audit.record($0) })
        let first = ProtectedResources(policy)
        let registrationToken = try settings.registration?.initialAccessToken.map { token in
            String(
                decoding: try SecretReader.read(token, octetsMin: RegistrationSettings.tokenOctetsMin), as: UTF8.self)
        }
        federation = AssertionVerifier(settings, current: current)
        issuerName = policy.issuers.first { $0.keys == .embedded }?.name
        provider = try OpenIDProviderClient(settings, current: current, logger: logger)
        clientKeys = ClientKeyFetcher(settings.clientKeys, logger: logger)
        mail = try settings.mail.map {
            try MailSending($0, host: settings.issuer.host, logger: logger, clock: { Self.now })
        }
        // Half of the cores at most compute hashes of passwords.
        let hasher = PasswordHasher(
            atOnce: ProcessInfo.processInfo.activeProcessorCount / 2, library: SystemPasswordLibrary())
        administration = Administration(
            store: database.store, pepper: database.pepper, hasher: hasher, profile: settings.profile,
            authorizationDetailsTypes: settings.authorizationDetailsTypes,
            idTokenAlgorithms: settings.idTokenAlgorithms, users: settings.users,
            passwordRules: PasswordRules(host: settings.issuer.host),
            terms: database.signing, links: settings.logIn.passwords ? AccountLinkTerms(settings) : nil,
            clock: { Self.now })
        server = AuthorizationServer(
            settings: settings,
            published: { (current.inForce?.resources ?? first).audience(ofResource: $0) }, keys: keys,
            pepper: database.pepper, store: database.store, clock: { Self.now }, hasher: hasher,
            seal: database.signing.seal,
            keySource: clientKeys, registrationToken: registrationToken,
            documents: ClientDocumentFetcher(settings.clientKeys, logger: logger),
            assertions: federation,
            mail: mail,
            provider: provider, makeKey: { await rotation.makeKey(of: $0) },
            certificates: { (current.inForce?.policy ?? policy).listeners.certificateTrust },
            pageSettings: {
                (current.inForce?.policy ?? policy).authorizationServer?.logIn.pages ?? settings.logIn.pages
            })
    }

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        var response = await server.answer(
            request, now: Self.now, monotonic: Clock.monotonicNanoseconds(), random: .system)
        if response.facts.event == ServiceFacts.damagedRecord { report(damagedFor: request) }
        if response.facts.event == ServiceFacts.missingLibrary {
            logger.error(
                "an imported password cannot be checked: libcrypt.so.1 or libargon2.so.1 is not on this machine")
        }
        if response.facts.isTokenVerified == true { response.facts.issuer = issuerName }
        if response.facts.settling > .zero { try? await Task.sleep(for: response.facts.settling) }
        return response
    }

    /// At most one line a minute, however many ask.
    private func report(damagedFor request: ServiceRequest) {
        damagedAnswers.add(1, ordering: .relaxed)
        let now = Self.now
        let isDue = damageLoggedAt.withLock { last in
            guard now - last >= 60 else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        logger.error(
            "a record in the authorization server's database is damaged, and what needs it is refused; the lists of portcullis client, user, grant and keys name such records",
            metadata: ["path": "\(request.path)", "database": "\(database.name)"])
    }

    /// Requests that were answered with 503 since the start because a record is damaged.
    var damagedRecordAnswers: Int { damagedAnswers.load(ordering: .relaxed) }

    /// Requests that waited for somebody to log in and had to make room for others, since the start.
    var droppedRequests: Int { database.store.displaced }

    /// What the gateway verifies its own tokens with, as it is now.
    var issuerKeys: IssuerKeys {
        // The generation first: keys that change in between are seen with an old number, and come with the new one
        // soon.
        let generation = keysGeneration.count.load(ordering: .acquiring)
        return IssuerKeys(set: keys.verificationKeys(now: Self.now), generation: generation)
    }

    /// What runs beside it: keys are made and given up in time, what has expired is removed, keys of clients are
    /// fetched.
    func services(logger: Logger) -> [any Service] {
        [
            rotation, logouts, ExpiredRecordRemoval(store: database.store, logger: logger, clock: { Self.now }),
            clientKeys,
        ] + [mail].compactMap { $0 }
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}

/// Counts up whenever the signing keys change: what was verified with others is verified anew.
private final class KeysGeneration: Sendable {
    let count = Atomic<UInt64>(0)
}

extension Logger {
    /// One line at each start: whoever sees another key's id than at the last one knows that the database is another,
    /// as when a volume was not mounted.
    fileprivate func log(opened database: AuthorizationDatabase, signingBy kid: String?) {
        let metadata: Logger.Metadata = ["database": "\(database.name)", "kid": "\(kid ?? "none")"]
        if database.isNew {
            warning(
                "the authorization server's database was not there and was created new: it has no clients and no users, and its signing keys are new",
                metadata: metadata)
        } else {
            info("the authorization server's database is open", metadata: metadata)
        }
    }
}
