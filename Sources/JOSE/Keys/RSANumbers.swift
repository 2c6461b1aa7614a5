/// The public numbers of an RSA key, judged before any library sees them (RFC 7518 §6.3.1). Big-endian, without leading
/// zeros.
struct RSANumbers: Sendable, Equatable {
    let modulus: [UInt8]
    let exponent: [UInt8]

    static let bitsMin = 2_048
    /// What verifying costs grows with the square of the length.
    static let bitsMax = 8_192

    init(modulus: [UInt8], exponent: [UInt8]) throws(KeyError) {
        // Some libraries put a zero in front, as ASN.1 would; RFC 7518 §6.3.1.1 knows of them.
        self.modulus = Array(modulus.drop { $0 == 0 })
        self.exponent = Array(exponent.drop { $0 == 0 })
        guard modulus.count <= self.modulus.count + 1, exponent.count <= self.exponent.count + 1 else {
            throw .badNumbers
        }
        guard let last = self.modulus.last, last & 1 == 1 else { throw .badNumbers }
        guard bits >= Self.bitsMin else { throw .rsaTooSmall }
        guard bits <= Self.bitsMax else { throw .rsaTooLarge }
        guard let low = self.exponent.last, low & 1 == 1, self.exponent.count <= 4, self.exponent != [1] else {
            throw .badExponent
        }
        if hasGuessablePrimes { throw .guessablePrimes }
    }

    /// Length of the modulus.
    var bits: Int {
        guard let first = modulus.first else { return 0 }
        return modulus.count * 8 - first.leadingZeroBitCount
    }

    /// ROCA (CVE-2017-15361): both primes are powers of 65537 modulo a product of small primes, and so is the modulus.
    /// A random modulus passes for one once in 2^27 times.
    private var hasGuessablePrimes: Bool {
        Self.fingerprints.allSatisfy { prime, powers in powers.contains(remainder(by: prime)) }
    }

    private func remainder(by prime: Int) -> Int {
        var remainder = 0
        for octet in modulus { remainder = (remainder &* 256 &+ Int(octet)) % prime }
        return remainder
    }

    /// For each prime the powers of 65537 modulo it, where they are not every residue.
    private static let fingerprints: [(prime: Int, powers: Set<Int>)] =
        [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157].map { prime in
            var powers: Set<Int> = []
            var power = 1
            while powers.insert(power).inserted { power = power &* 65_537 % prime }
            return (prime, powers)
        }
}
