/// The `kid`s that were fetched for in vain, each until a time: bounded, the oldest goes first.
struct AbsentKids: Sendable {
    private var entries: [(kid: String, until: Int64)] = []
    private let countMax: Int

    init(countMax: Int) { self.countMax = countMax }

    var count: Int { entries.count }

    func contains(_ kid: String, now: Int64) -> Bool {
        entries.contains { $0.until > now && $0.kid.utf8.elementsEqual(kid.utf8) }
    }

    mutating func insert(_ kid: String, until: Int64, now: Int64) {
        entries.removeAll { $0.until <= now || $0.kid.utf8.elementsEqual(kid.utf8) }
        if entries.count >= countMax, !entries.isEmpty { entries.removeFirst() }
        if countMax > 0 { entries.append((kid, until)) }
    }

    mutating func removeAll() { entries = [] }
}
