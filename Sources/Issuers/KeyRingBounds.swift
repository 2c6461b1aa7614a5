/// Every bound of a key ring, with its unit and reason. Times are monotonic nanoseconds.
package struct KeyRingBounds: Sendable, Equatable {
    /// How long keys count as fresh when the issuer does not say.
    package var lifetimeDefault: Int64 = 600 * second
    /// An issuer that says less is asked no more often than this.
    package var lifetimeMin: Int64 = 60 * second
    /// A key that the issuer withdraws counts no longer than this, whatever it said before.
    package var lifetimeMax: Int64 = 3_600 * second
    /// From the last success: keys that could not be fetched anew count until then, with an alarm.
    package var staleMax: Int64 = 86_400 * second
    /// Between two fetches because of an unknown `kid`, however many requests ask.
    package var unknownKidCooldown: Int64 = 30 * second
    /// How long a `kid` that was fetched for in vain is refused without asking again.
    package var absentKidLifetime: Int64 = 300 * second
    /// Such `kid`s remembered; the oldest goes.
    package var absentKidsMax = 128
    /// Octets of a `kid` that is asked for; a longer one is taken for absent.
    package var kidBytesMax = 1_024
    /// After the first failure; doubled by each further one.
    package var backoffMin: Int64 = 1 * second
    /// However often it has failed.
    package var backoffMax: Int64 = 60 * second
    /// Metadata is read again when it is this old, so that a key set that moves is found.
    package var metadataLifetime: Int64 = 3_600 * second
    /// A fetch that says nothing for this long is taken for lost.
    package var fetchMax: Int64 = 30 * second

    /// In nanoseconds.
    package static let second: Int64 = 1_000_000_000

    package init() {}
}
