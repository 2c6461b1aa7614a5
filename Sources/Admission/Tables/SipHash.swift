/// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012): a hash whose collisions nobody can steer
/// without the seed. The seed is drawn once per process by the caller.
struct SipHash: Sendable {
    /// 128 bits, secret.
    struct Seed: Sendable, Equatable {
        var k0: UInt64
        var k1: UInt64
    }
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64
    /// Octets so far that do not make a whole word, lowest first.
    private var tail: UInt64 = 0
    private var octets: UInt64 = 0

    init(_ seed: Seed) {
        v0 = seed.k0 ^ 0x736F_6D65_7073_6575
        v1 = seed.k1 ^ 0x646F_7261_6E64_6F6D ^ 0xEE
        v2 = seed.k0 ^ 0x6C79_6765_6E65_7261
        v3 = seed.k1 ^ 0x7465_6462_7974_6573
    }

    /// Adds one octet.
    mutating func add(_ octet: UInt8) {
        let place = octets & 7
        tail |= UInt64(octet) << (place &* 8)
        octets &+= 1
        if place == 7 {
            compress(tail)
            tail = 0
        }
    }

    /// Adds eight octets, lowest first.
    mutating func add(_ word: UInt64) {
        let shift = (octets & 7) &* 8
        if shift == 0 {
            compress(word)
        } else {
            compress(tail | (word << shift))
            tail = word >> (64 &- shift)
        }
        octets &+= 8
    }

    /// Adds a text and its length, so that "ab" + "c" and "a" + "bc" differ.
    mutating func add(_ text: [UInt8]) {
        add(UInt64(text.count))
        for octet in text { add(octet) }
    }

    func finish() -> (UInt64, UInt64) {
        var copy = self
        copy.compress(tail | ((octets & 0xFF) << 56))
        copy.v2 ^= 0xEE
        for _ in 0..<4 { copy.round() }
        let low = copy.v0 ^ copy.v1 ^ copy.v2 ^ copy.v3
        copy.v1 ^= 0xDD
        for _ in 0..<4 { copy.round() }
        return (low, copy.v0 ^ copy.v1 ^ copy.v2 ^ copy.v3)
    }

    private mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        round()
        v0 ^= word
    }

    @inline(__always)
    private mutating func round() {
        v0 = v0 &+ v1
        v1 = rotate(v1, 13) ^ v0
        v0 = rotate(v0, 32)
        v2 = v2 &+ v3
        v3 = rotate(v3, 16) ^ v2
        v0 = v0 &+ v3
        v3 = rotate(v3, 21) ^ v0
        v2 = v2 &+ v1
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
    }

    @inline(__always)
    private func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
        (word << bits) | (word >> (64 &- bits))
    }
}
