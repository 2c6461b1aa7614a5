import NIOCore

/// Which addresses a name leads to, over time. A value without I/O; `EndpointResolver` asks.
///
/// Many resolvers answer with a part of the addresses, another one each time. So an address has left its name only when all
/// answers of a minute, and two at least, have lacked it.
struct KnownAddresses {
    /// Nanoseconds for which answers must have lacked an address.
    static let absentNanoseconds: Int64 = 60_000_000_000
    /// Answers in a row that must have lacked it.
    static let absentAnswersMin = 2
    /// Addresses of one name that are remembered; those that were seen last are. Far more than any answer has.
    static let addressesMax = 1_024

    private struct Sighting {
        var at: Int64
        var answersSince = 0
    }
    private var sightings: [SocketAddress: Sighting] = [:]

    /// How often addresses have left: whoever has asked since the last time need not ask again.
    private(set) var departures = 0

    /// The name was resolved. No addresses are no answer.
    /// - Returns: whether an address has left.
    mutating func answered(_ addresses: [SocketAddress], now: Int64) -> Bool {
        guard !addresses.isEmpty else { return false }
        for address in sightings.keys { sightings[address]?.answersSince += 1 }
        for address in addresses { sightings[address] = Sighting(at: now) }
        let before = sightings.count
        sightings = sightings.filter {
            $0.value.answersSince < Self.absentAnswersMin || now &- $0.value.at < Self.absentNanoseconds
        }
        if sightings.count > Self.addressesMax {
            let kept = sightings.sorted { $0.value.at > $1.value.at }.prefix(Self.addressesMax)
            sightings = Dictionary(kept.map { ($0.key, $0.value) }) { first, _ in first }
        }
        guard sightings.count < before else { return false }
        departures &+= 1
        return true
    }

    /// Whether a connection leads where the name does not lead any more.
    func hasLeft(_ address: SocketAddress) -> Bool { sightings[address] == nil }
}
