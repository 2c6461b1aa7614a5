internal import AuthorizationServer
internal import Foundation
internal import HTTP
internal import JOSE
internal import Policy

/// The authorization server as a service inside the gateway: the room, its store, the clock and the system's randomness.
struct EmbeddedAuthorizationServer: LocalService {
    private let server: AuthorizationServer
    /// What the gateway verifies its own tokens with.
    let keys: JWKSet
    let store: any AuthorizationStore

    /// Opens the store; throws `StorageError` when it cannot be used.
    ///
    /// A token may be asked for each audience that the policy's embedded issuers accept.
    init(_ settings: AuthorizationServerSettings, policy: Policy) async throws {
        let store = try SQLiteAuthorizationStore.open(path: settings.database, now: Self.now, random: .system)
        let resources = policy.issuers.filter { $0.keys == .embedded }.flatMap(\.audiences)
        let registrationToken = try settings.registration.map { registration in
            String(decoding: try SecretReader.read(registration.initialAccessToken, octetsMin: RegistrationSettings.tokenOctetsMin), as: UTF8.self)
        }
        // Half of the cores at most compute hashes of passwords.
        let hasher = PasswordHasher(atOnce: ProcessInfo.processInfo.activeProcessorCount / 2)
        server = AuthorizationServer(
            settings: settings, resources: resources, keys: SigningKeys(store.keys), pepper: store.pepper, store: store, hasher: hasher,
            registrationToken: registrationToken)
        self.store = store
        keys = store.keys.verificationKeys(now: Self.now)
    }

    func answer(_ request: ServiceRequest) async -> ServiceResponse {
        await server.answer(request, now: Self.now, random: .system)
    }

    private static var now: Int64 { Int64(Date().timeIntervalSince1970) }
}
