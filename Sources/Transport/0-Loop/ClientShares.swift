/// How many streams of each pool the clients of one address hold, on one event loop: however slow they are, some must be
/// left for others.
///
/// One of these serves all connections of an address, so that no address is looked up for a request.
final class ClientShare {
    fileprivate let address: String
    fileprivate var connections = 0
    /// Pools of which the address holds streams at this moment; few, so that a search is a glance. `tunnels` are those
    /// that are, or may become, tunnels: they last, so they have a bound of their own below that of all.
    private var held: [(pool: ObjectIdentifier, count: Int, tunnels: Int)] = []

    fileprivate init(_ address: String) { self.address = address }

    /// False: the address holds as many streams of this pool as it may, or as many for tunnels.
    func take(of pool: UpstreamPool, forTunnel: Bool) -> Bool {
        let id = ObjectIdentifier(pool)
        let tunnels = forTunnel ? 1 : 0
        guard let index = held.firstIndex(where: { $0.pool == id }) else {
            guard pool.streamsPerClientMax > 0, !forTunnel || pool.tunnelsPerClientMax > 0 else { return false }
            held.append((id, 1, tunnels))
            return true
        }
        guard held[index].count < pool.streamsPerClientMax,
            !forTunnel || held[index].tunnels < pool.tunnelsPerClientMax
        else { return false }
        held[index].count += 1
        held[index].tunnels += tunnels
        return true
    }

    /// One that was taken is free again.
    func giveBack(of pool: UpstreamPool, forTunnel: Bool) {
        let id = ObjectIdentifier(pool)
        guard let index = held.firstIndex(where: { $0.pool == id }) else { return }
        held[index].count -= 1
        if forTunnel { held[index].tunnels -= 1 }
        if held[index].count == 0 { held.remove(at: index) }
    }
}

/// Those of all addresses that are connected to one event loop.
final class ClientShares {
    private var shares: [String: ClientShare] = [:]

    /// A connection of this address opens. `left` when it ends.
    func joined(_ address: String) -> ClientShare {
        let share = shares[address] ?? ClientShare(address)
        shares[address] = share
        share.connections += 1
        return share
    }

    func left(_ share: ClientShare) {
        share.connections -= 1
        if share.connections == 0 { shares[share.address] = nil }
    }
}
