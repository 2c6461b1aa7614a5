/// Where unpredictable octets come from: the system's generator in the gateway, known octets in tests.
package struct Randomness: Sendable {
    private let make: @Sendable (_ count: Int) -> [UInt8]

    package init(_ make: @escaping @Sendable (_ count: Int) -> [UInt8]) { self.make = make }

    /// - Parameter count: how many. Tests may give fewer; the system never does.
    package func octets(_ count: Int) -> [UInt8] { make(count) }

    /// The operating system's (getrandom).
    package static let system = Randomness { count in
        // A word at a time: each is a system call.
        var generator = SystemRandomNumberGenerator()
        var octets: [UInt8] = []
        octets.reserveCapacity(count)
        while octets.count < count {
            var word = generator.next()
            for _ in 0..<min(8, count - octets.count) {
                octets.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return octets
    }
}
