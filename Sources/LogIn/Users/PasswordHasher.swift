package import AuthorizationRecords

/// Computes hashes of passwords, few at a time: each takes some 100 ms of a core and 32 MiB. Who comes when too many
/// wait is told so, rather than kept.
///
/// It runs on the threads of Swift's concurrency, never on an event loop; `atOnce` stays below their number, so that
/// other endpoints go on.
package actor PasswordHasher {
    /// Who waits at most; 64 take some seconds.
    static let waitingMax = 64

    let parameters: PasswordHash.Parameters
    /// For hashes of other servers.
    package nonisolated let library: any PasswordLibrary
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// - Parameter atOnce: hashes at the same time; half of the cores, say.
    package init(atOnce: Int, library: any PasswordLibrary = NoPasswordLibrary()) {
        self.init(atOnce: atOnce, parameters: .current, library: library)
    }

    init(atOnce: Int, parameters: PasswordHash.Parameters, library: any PasswordLibrary = NoPasswordLibrary()) {
        self.library = library
        free = max(1, atOnce)
        self.parameters = parameters
    }

    /// A new hash of a new password.
    package func hash(_ password: String, random: Randomness) async throws(PasswordHasherBusy) -> PasswordHash {
        let parameters = parameters
        let salt = random.octets(PasswordHash.saltOctets)
        guard let hash = try await run({ PasswordHash.of(password, parameters: parameters, salt: salt) }) else {
            throw PasswordHasherBusy()
        }
        return hash
    }

    /// Whether the password is right. Without a hash there is the same work, and the answer is no: nobody can tell by
    /// the clock which accounts there are.
    func verify(_ password: String, _ stored: PasswordHash?) async throws(PasswordHasherBusy) -> Bool {
        let none = PasswordHash(
            parameters: parameters, salt: [UInt8](repeating: 0, count: PasswordHash.saltOctets),
            hash: [UInt8](repeating: 0, count: PasswordHash.hashOctets))
        let hash = stored ?? none
        let isRight = try await run { hash.recognises(password) }
        return isRight && stored != nil
    }

    /// The same of an account's password, whoever has hashed it. Throws `PasswordHasherBusy` or `PasswordLibraryMissing`.
    ///
    /// For an imported hash our own work is done as well: a log-in that fails takes no less time than one without an account.
    func verify(_ password: String, stored: StoredPassword?) async throws -> Bool {
        guard case .imported(let hash) = stored else {
            let own: PasswordHash? = if case .own(let hash) = stored { hash } else { nil }
            return try await verify(password, own)
        }
        let library = library
        let isRight = try await run { Result { try hash.recognises(password, library) } }.get()
        return isRight ? true : try await verify(password, nil)
    }

    /// Does some work in its turn.
    func run<T: Sendable>(_ work: @Sendable @escaping () -> T) async throws(PasswordHasherBusy) -> T {
        if free > 0 {
            free -= 1
        } else {
            guard waiting.count < Self.waitingMax else { throw PasswordHasherBusy() }
            await withCheckedContinuation { waiting.append($0) }
        }
        let result = await Self.compute(work)
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        return result
    }

    /// Outside the actor, so that it can take the next while this one computes.
    @concurrent private static func compute<T: Sendable>(_ work: @Sendable () -> T) async -> T { work() }
}

/// Too many wait for their passwords to be looked at.
package struct PasswordHasherBusy: Error {}
