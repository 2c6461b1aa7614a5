/// Comparing secrets.
package enum ConstantTime {
    /// Whether both have the same octets, in a time that does not depend on where they differ. It does depend on the
    /// lengths.
    package static func areEqual(_ one: some Collection<UInt8>, _ other: some Collection<UInt8>) -> Bool {
        guard one.count == other.count else { return false }
        return zip(one, other).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
