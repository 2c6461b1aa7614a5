import Crypto
import CryptoExtras
import Octets

/// What a password is recognised by that another server has hashed: kept as it is until the user logs in, and then
/// replaced by one of ours.
///
/// What computing it costs is bounded when it is read, so that no text in a store takes a core for minutes or all memory.
package enum ImportedPasswordHash: Equatable, Sendable {
    /// The whole text: the algorithm's own format.
    case bcrypt(String)
    /// RFC 9106.
    case argon2id(Argon2Cost, salt: [UInt8], hash: [UInt8])
    /// RFC 8018.
    case pbkdf2(PBKDF2Digest, iterations: Int, salt: [UInt8], hash: [UInt8])
    /// RFC 7914, with other lengths or parameters than ours.
    case scrypt(ScryptCost, salt: [UInt8], hash: [UInt8])

    /// RFC 9106 §3.1.
    package struct Argon2Cost: Equatable, Sendable {
        /// `m`
        package var memoryKiB: Int
        /// `t`
        package var iterations: Int
        /// `p`
        package var lanes: Int
        /// 0x10 or 0x13.
        package var version = 0x13

        package init(memoryKiB: Int, iterations: Int, lanes: Int, version: Int = 0x13) {
            self.memoryKiB = memoryKiB
            self.iterations = iterations
            self.lanes = lanes
            self.version = version
        }
    }

    /// RFC 7914 §2.
    package struct ScryptCost: Equatable, Sendable {
        /// Binary logarithm of N.
        package var costLog2: Int
        /// `r`
        package var blockSize: Int
        /// `p`
        package var parallelism: Int
    }

    /// RFC 8018 §5.2, with HMAC of these.
    package enum PBKDF2Digest: String, Sendable, CaseIterable {
        case sha256 = "pbkdf2-sha256"
        case sha512 = "pbkdf2-sha512"

        var octets: Int { self == .sha256 ? 32 : 64 }
    }

    /// What is computed at most: about a second of a core, and as much memory as a handful of our own hashes.
    enum Bounds {
        static let bcryptCost = 4...14
        static let argonMemoryKiB = 8...131_072
        static let argonIterations = 1...20
        static let argonLanes = 1...16
        /// KiB times iterations.
        static let argonWork = 1_048_576
        /// Iterations times blocks of the digest.
        static let pbkdf2Work = 4_000_000
        static let saltOctets = 4...64
        static let hashOctets = 16...64
    }

    /// Checks what no text says by itself.
    package static func argon2id(_ cost: Argon2Cost, _ salt: [UInt8], _ hash: [UInt8]) throws(PasswordHashFault) -> Self
    {
        try check(salt, hash)
        guard salt.count >= 8, [0x10, 0x13].contains(cost.version) else { throw .malformed }
        guard Bounds.argonMemoryKiB.contains(cost.memoryKiB), Bounds.argonIterations.contains(cost.iterations),
            Bounds.argonLanes.contains(cost.lanes), cost.memoryKiB >= 8 * cost.lanes,
            cost.memoryKiB * cost.iterations <= Bounds.argonWork
        else { throw .tooCostly("argon2id with at most 128 MiB, 16 lanes, and 1 GiB in all iterations together") }
        return .argon2id(cost, salt: salt, hash: hash)
    }

    /// The same of PBKDF2.
    package static func pbkdf2(_ digest: PBKDF2Digest, _ iterations: Int, _ salt: [UInt8], _ hash: [UInt8])
        throws(PasswordHashFault) -> Self
    {
        try check(salt, hash)
        guard iterations >= 1 else { throw .malformed }
        let blocks = (hash.count + digest.octets - 1) / digest.octets
        guard iterations <= Bounds.pbkdf2Work, iterations * blocks <= Bounds.pbkdf2Work else {
            throw .tooCostly("PBKDF2 with at most 4,000,000 iterations, times the blocks of the digest")
        }
        return .pbkdf2(digest, iterations: iterations, salt: salt, hash: hash)
    }

    private static func check(_ salt: [UInt8], _ hash: [UInt8]) throws(PasswordHashFault) {
        guard Bounds.saltOctets.contains(salt.count), Bounds.hashOctets.contains(hash.count) else { throw .malformed }
    }

    /// Reads what other servers write: bcrypt (`$2b$…`), the PHC string format of argon2id, scrypt and PBKDF2, and
    /// PBKDF2 as passlib and Django have it.
    package init(text: String) throws(PasswordHashFault) {
        guard text.utf8.count <= 512, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw .malformed }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 4, !text.hasPrefix("$") {
            self = try Self.django(parts)
            return
        }
        guard parts.count >= 4, parts[0].isEmpty else { throw .unknown }
        let digest = PBKDF2Digest(rawValue: parts[1])
        switch (parts[1], digest) {
        case ("2a", _), ("2b", _), ("2y", _): self = try Self.bcrypt(text, parts)
        case ("argon2id", _): self = try Self.argon2id(parts)
        case ("scrypt", _): self = try Self.scrypt(parts)
        case (_, let digest?): self = try Self.pbkdf2(digest, parts)
        default: throw .unknown
        }
    }

    private static func bcrypt(_ text: String, _ parts: [String]) throws(PasswordHashFault) -> Self {
        let isBase64 = parts.last?.utf8.allSatisfy { ASCII.isAlphanumeric($0) || $0 == 0x2E || $0 == 0x2F } ?? false
        guard parts.count == 4, text.utf8.count == 60, parts[2].utf8.count == 2, let cost = Int(parts[2]),
            parts[3].utf8.count == 53, isBase64
        else { throw .malformed }
        guard Bounds.bcryptCost.contains(cost) else { throw .tooCostly("bcrypt with a cost of 4 to 14") }
        return .bcrypt(text)
    }

    private static func argon2id(_ parts: [String]) throws(PasswordHashFault) -> Self {
        // Without a version it is the older one.
        let isVersioned = parts.count == 6
        guard isVersioned || parts.count == 5, let salt = octets(parts[parts.count - 2]),
            let hash = octets(parts[parts.count - 1])
        else { throw .malformed }
        let version = isVersioned ? numbers(parts[2], ["v"])?[0] : 0x10
        guard let version, let cost = numbers(parts[parts.count - 3], ["m", "t", "p"]) else { throw .malformed }
        return try argon2id(
            Argon2Cost(memoryKiB: cost[0], iterations: cost[1], lanes: cost[2], version: version), salt, hash)
    }

    private static func scrypt(_ parts: [String]) throws(PasswordHashFault) -> Self {
        guard parts.count == 5, let cost = numbers(parts[2], ["ln", "r", "p"]), let salt = octets(parts[3]),
            let hash = octets(parts[4])
        else { throw .malformed }
        try check(salt, hash)
        let own = PasswordHash.Parameters(costLog2: cost[0], blockSize: cost[1], parallelism: cost[2])
        guard own.isBearable else { throw .tooCostly("scrypt with ln of at most 17, r of 16 and p of 4") }
        return .scrypt(ScryptCost(costLog2: cost[0], blockSize: cost[1], parallelism: cost[2]), salt: salt, hash: hash)
    }

    /// `$pbkdf2-sha256$i=N,l=L$…` (PHC), or `$pbkdf2-sha256$N$…` (passlib).
    private static func pbkdf2(_ digest: PBKDF2Digest, _ parts: [String]) throws(PasswordHashFault) -> Self {
        guard parts.count == 5, let salt = octets(parts[3]), let hash = octets(parts[4]) else { throw .malformed }
        let named = numbers(parts[2], ["i", "l"]) ?? numbers(parts[2], ["i"])
        guard let iterations = named?[0] ?? number(parts[2]),
            named.map({ $0.count == 1 || $0[1] == hash.count }) ?? true
        else { throw .malformed }
        return try pbkdf2(digest, iterations, salt, hash)
    }

    /// `pbkdf2_sha256$N$SALT$HASH`: the salt is text as it is.
    private static func django(_ parts: [String]) throws(PasswordHashFault) -> Self {
        guard let digest = PBKDF2Digest(rawValue: parts[0].replacing("_", with: "-")) else { throw .unknown }
        guard let iterations = number(parts[1]), let hash = octets(parts[3]) else { throw .malformed }
        return try pbkdf2(digest, iterations, Array(parts[2].utf8), hash)
    }

    /// Base64 of any kind: with or without padding, `-_`, or `.` for `+`.
    private static func octets(_ text: String) -> [UInt8]? {
        let plain = text.utf8.filter { $0 != UInt8(ascii: "=") }.map { octet -> UInt8 in
            switch octet {
            case UInt8(ascii: "+"), UInt8(ascii: "."): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: octet
            }
        }
        return Base64URL.decode(String(decoding: plain, as: UTF8.self))
    }

    /// `a=1,b=2` with exactly these names, in their order.
    private static func numbers(_ text: String, _ names: [String]) -> [Int]? {
        let pairs = text.split(separator: ",", omittingEmptySubsequences: false).map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        guard pairs.count == names.count, zip(pairs, names).allSatisfy({ $0.count == 2 && $0[0] == $1 }) else {
            return nil
        }
        let values = pairs.compactMap { number($0[1]) }
        return values.count == names.count ? values : nil
    }

    private static func number(_ text: String) -> Int? {
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ ASCII.isDigit($0) }) else { return nil }
        return Int(text)
    }

    /// As it is stored; `init(text:)` reads it.
    package var text: String {
        func ending(_ salt: [UInt8], _ hash: [UInt8]) -> String {
            Base64URL.encode(salt) + "$" + Base64URL.encode(hash)
        }
        switch self {
        case .bcrypt(let text): return text
        case .argon2id(let cost, let salt, let hash):
            return "$argon2id$v=\(cost.version)$m=\(cost.memoryKiB),t=\(cost.iterations),p=\(cost.lanes)$"
                + ending(salt, hash)
        case .pbkdf2(let digest, let iterations, let salt, let hash):
            return "$\(digest.rawValue)$i=\(iterations),l=\(hash.count)$" + ending(salt, hash)
        case .scrypt(let cost, let salt, let hash):
            return "$scrypt$ln=\(cost.costLog2),r=\(cost.blockSize),p=\(cost.parallelism)$" + ending(salt, hash)
        }
    }

    /// For messages.
    package var algorithm: String {
        switch self {
        case .bcrypt: "bcrypt"
        case .argon2id: "argon2id"
        case .pbkdf2(let digest, _, _, _): digest.rawValue
        case .scrypt: "scrypt"
        }
    }

    /// Computes; takes the time and the memory that the hash says.
    func recognises(_ password: String, _ library: any PasswordLibrary) throws(PasswordLibraryMissing) -> Bool {
        let octets = Array(password.utf8)
        switch self {
        case .bcrypt(let text):
            // It reads to the first NUL.
            guard !octets.contains(0) else { return false }
            let computed = try library.bcrypt(octets, setting: text)
            return computed.map { ConstantTime.areEqual(Array($0.utf8), Array(text.utf8)) } ?? false
        case .argon2id(let cost, let salt, let hash):
            let computed = try library.argon2id(octets, cost, salt: salt, octets: hash.count)
            return computed.map { ConstantTime.areEqual($0, hash) } ?? false
        case .pbkdf2(let digest, let iterations, let salt, let hash):
            let key = try? KDF.Insecure.PBKDF2.deriveKey(
                from: octets, salt: salt, using: digest == .sha256 ? .sha256 : .sha512, outputByteCount: hash.count,
                unsafeUncheckedRounds: iterations)
            return key.map { ConstantTime.areEqual($0.withUnsafeBytes { Array($0) }, hash) } ?? false
        case .scrypt(let cost, let salt, let hash):
            let key = try? KDF.Scrypt.deriveKey(
                from: octets, salt: salt, outputByteCount: hash.count, rounds: 1 << cost.costLog2,
                blockSize: cost.blockSize, parallelism: cost.parallelism)
            return key.map { ConstantTime.areEqual($0.withUnsafeBytes { Array($0) }, hash) } ?? false
        }
    }
}

/// Why a hash of a password is not taken.
package enum PasswordHashFault: Error, Equatable, Sendable, CustomStringConvertible {
    case unknown, malformed
    /// - Parameter most: what is taken.
    case tooCostly(String)

    package var description: String {
        switch self {
        case .unknown:
            "its algorithm is not known here; bcrypt, argon2id, PBKDF2 with SHA-256 or SHA-512, and scrypt are"
        case .malformed: "the hash of the password is malformed"
        case .tooCostly(let most): "the hash of the password would cost too much to check; taken is \(most)"
        }
    }
}

/// Hashes that this program does not compute itself.
package protocol PasswordLibrary: Sendable {
    /// The hash again, with the cost and the salt of `setting`; nil: it cannot be computed.
    func bcrypt(_ password: [UInt8], setting: String) throws(PasswordLibraryMissing) -> String?
    /// nil: it cannot be computed.
    func argon2id(_ password: [UInt8], _ cost: ImportedPasswordHash.Argon2Cost, salt: [UInt8], octets: Int)
        throws(PasswordLibraryMissing) -> [UInt8]?
}

extension ImportedPasswordHash {
    /// What this machine lacks to check it; nil: nothing.
    package func missing(in library: any PasswordLibrary) -> PasswordLibraryMissing? {
        let cheap: ImportedPasswordHash =
            switch self {
            case .bcrypt: .bcrypt("$2b$04$" + String(repeating: ".", count: 53))
            case .argon2id:
                .argon2id(
                    Argon2Cost(memoryKiB: 8, iterations: 1, lanes: 1), salt: [UInt8](repeating: 0, count: 8),
                    hash: [UInt8](repeating: 0, count: 16))
            case .pbkdf2, .scrypt: self
            }
        guard cheap != self else { return nil }
        do throws(PasswordLibraryMissing) {
            _ = try cheap.recognises("", library)
            return nil
        } catch { return error }
    }
}

/// A library of the system is not there, and so a password can be neither right nor wrong.
package struct PasswordLibraryMissing: Error, Equatable, Sendable, CustomStringConvertible {
    /// As in `libargon2.so.1`.
    package let library: String
    /// Of Debian.
    package let package: String

    /// What is looked for, and what brings it.
    package init(library: String, package: String) {
        self.library = library
        self.package = package
    }

    package var description: String { "\(library) is not on this machine (Debian: apt-get install \(package))" }
}

/// Where there are no libraries.
package struct NoPasswordLibrary: PasswordLibrary {
    package init() {}
    package func bcrypt(_: [UInt8], setting: String) throws(PasswordLibraryMissing) -> String? {
        throw PasswordLibraryMissing(library: "libcrypt.so.1", package: "libcrypt1")
    }
    package func argon2id(_: [UInt8], _: ImportedPasswordHash.Argon2Cost, salt: [UInt8], octets: Int)
        throws(PasswordLibraryMissing) -> [UInt8]?
    {
        throw PasswordLibraryMissing(library: "libargon2.so.1", package: "libargon2-1")
    }
}

/// What an account's password is recognised by.
enum StoredPassword: Equatable, Sendable {
    case own(PasswordHash)
    case imported(ImportedPasswordHash)

    /// nil: it is damaged, and recognises nothing.
    init?(text: String) {
        if let own = PasswordHash(text: text) {
            self = .own(own)
        } else if let imported = try? ImportedPasswordHash(text: text) {
            self = .imported(imported)
        } else {
            return nil
        }
    }

    /// Whether it is to be computed anew once the password is known.
    func isOutdated(_ current: PasswordHash.Parameters) -> Bool {
        switch self {
        case .own(let hash): hash.parameters != current
        case .imported: true
        }
    }
}
