/// What an event loop may hold of octets that came although their connections were not read from. When a client says that it
/// sends no more, the system hands over all that its socket still held, up to some mebibytes: the rest of an upload or of what
/// goes through a tunnel, which a slow service has not taken yet. It belongs to what the client has sent, so it is kept;
/// but not from any number of clients.
final class LateOctets {
    /// Of one connection: what the largest receive buffer of Linux holds (net.ipv4.tcp_rmem).
    static let connectionMax = 8 << 20
    /// Of all connections of the loop.
    static let octetsMax = 64 << 20
    /// Until then a service has taken them, or was given up.
    static let heldNanoseconds: Int64 = 30_000_000_000

    private var left = octetsMax

    /// False: there is no room for so many.
    func take(_ count: Int) -> Bool {
        guard count <= left else { return false }
        left -= count
        return true
    }

    func give(back count: Int) { left += count }
}
