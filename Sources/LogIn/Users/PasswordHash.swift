import AuthorizationRecords
import Crypto
import CryptoExtras
import JOSE
import Octets

/// What a password is recognised by: scrypt (RFC 7914), with its parameters in the text, so that they can grow:
/// `$scrypt$ln=15,r=8,p=3$SALT$HASH`, salt and hash in base64url.
package struct PasswordHash: Equatable, Sendable {
    struct Parameters: Equatable, Sendable {
        /// Binary logarithm of the cost; memory is `128 * r * 2^ln` octets.
        var costLog2: Int
        var blockSize: Int
        var parallelism: Int

        /// As OWASP's Password Storage Cheat Sheet has it, with 32 MiB at a time.
        static let current = Parameters(costLog2: 15, blockSize: 8, parallelism: 3)

        /// What is computed at all: a hash text from a store must not be able to take all memory or time.
        var isBearable: Bool {
            (1...17).contains(costLog2) && (1...16).contains(blockSize) && (1...4).contains(parallelism)
        }
    }

    static let saltOctets = 16
    static let hashOctets = 32

    var parameters: Parameters
    var salt: [UInt8]
    var hash: [UInt8]

    init(parameters: Parameters, salt: [UInt8], hash: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// nil: it is none that was made here.
    init?(text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = Base64URL.decode(parts[3]),
            salt.count == Self.saltOctets,
            let hash = Base64URL.decode(parts[4]), hash.count == Self.hashOctets
        else { return nil }
        let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        guard numbers.count == 3, numbers.allSatisfy({ $0.count == 2 }), numbers.map({ $0[0] }) == ["ln", "r", "p"],
            let cost = Int(numbers[0][1]), let block = Int(numbers[1][1]), let parallelism = Int(numbers[2][1])
        else { return nil }
        self.init(
            parameters: Parameters(costLog2: cost, blockSize: block, parallelism: parallelism), salt: salt, hash: hash)
        guard parameters.isBearable else { return nil }
    }

    /// In the PHC string format, as it is stored.
    package var text: String {
        "$scrypt$ln=\(parameters.costLog2),r=\(parameters.blockSize),p=\(parameters.parallelism)$\(Base64URL.encode(salt))$\(Base64URL.encode(hash))"
    }

    /// Computes; takes the time and the memory that `parameters` say.
    static func of(_ password: String, parameters: Parameters, salt: [UInt8]) -> PasswordHash? {
        guard parameters.isBearable, salt.count == saltOctets else { return nil }
        let key = try? KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: hashOctets, rounds: 1 << parameters.costLog2,
            blockSize: parameters.blockSize, parallelism: parameters.parallelism)
        return key.map { PasswordHash(parameters: parameters, salt: salt, hash: $0.withUnsafeBytes { Array($0) }) }
    }

    /// Takes the same time wherever they differ.
    func recognises(_ password: String) -> Bool {
        guard let computed = Self.of(password, parameters: parameters, salt: salt) else { return false }
        return ConstantTime.areEqual(hash, computed.hash)
    }
}
