/// A client's connection as the end of the process sees it, whatever its version of HTTP.
protocol ClientConnection: AnyObject {
    /// Where the registry has it; -1: nowhere.
    var registryPlace: Int { get set }

    /// No new request is taken: idle connections end at their next quiet moment, busy ones after their answer.
    func drain(now: Int64)
    /// Of a listener with a tag, which takes no traffic.
    var isTagged: Bool { get }
    /// At once, so that the record of what is under way is written before the process ends.
    func closeNow()
}

/// The open connections of clients on one event loop.
final class ConnectionRegistry {
    private var entries: [any ClientConnection] = []

    var count: Int { entries.count }

    /// All of them, as they are now: they may leave while somebody goes through them.
    var all: [any ClientConnection] { entries }

    func add(_ connection: any ClientConnection) {
        guard connection.registryPlace < 0 else { return }
        connection.registryPlace = entries.count
        entries.append(connection)
    }

    /// One that is not there any more is none.
    func remove(_ connection: any ClientConnection) {
        let place = connection.registryPlace
        guard place >= 0, place < entries.count else { return }
        connection.registryPlace = -1
        let last = entries.removeLast()
        if last !== connection {
            entries[place] = last
            last.registryPlace = place
        }
    }
}
