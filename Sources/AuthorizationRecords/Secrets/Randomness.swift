/// Where unpredictable octets come from: the system's generator in the gateway, known octets in tests.
package struct Randomness: Sendable {
    private let make: @Sendable (_ count: Int) -> [UInt8]

    package init(_ make: @escaping @Sendable (_ count: Int) -> [UInt8]) { self.make = make }

    /// - Parameter count: how many. Tests may give fewer; the system never does.
    package func octets(_ count: Int) -> [UInt8] { make(count) }

    /// The operating system's (getrandom).
    package static let system = Randomness { count in
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}
