package import HTTP
package import JOSE

/// Every bound of a table of key rings, with its unit and reason.
package struct KeyRingTableBounds: Sendable, Equatable {
    /// Addresses whose keys are remembered; the one that was asked for longest ago goes.
    package var ringsMax = 1_024
    /// Octets of all documents that keys are remembered of: what they take of memory is of that order.
    package var octetsMax = 33_554_432
    /// Fetches at a time: whoever knows the names of clients can cause them.
    package var fetchesMax = 64
    /// Of these to one host: one that does not answer takes no more of them, and none is hammered.
    package var fetchesPerHostMax = 4
    /// Of the ring at each address.
    package var ring = KeyRingBounds()

    package init() {}
}

/// The keys at many addresses, each looked up when somebody asks for it and never otherwise: for clients that say where
/// their keys are (RFC 7591 §2 `jwks_uri`).
///
/// A state machine without I/O, as the ring is: whoever drives it performs each fetch once and reports it with
/// `finished`.
package struct KeyRingTable: Sendable {
    /// What a key set that is there is worth.
    package enum Standing: Sendable, Equatable {
        /// It counts; a look at the address might bring another one.
        case remembered
        /// It was fetched after the question.
        case fetched
        /// It still counts, but could not be looked up anew, or not in time.
        case kept
    }

    /// What can be said about the keys at an address.
    package enum Answer: Sendable {
        /// These, and how new they are.
        case keys(JWKSet, Standing)
        /// A fetch is under way that is worth waiting for.
        case pending
        /// A fetch would be worth it, but too many others are under way: ask again in a moment.
        case busy
        /// There are none, and none can be had now.
        case unavailable
    }

    /// One GET that somebody must perform.
    package struct Fetch: Sendable, Equatable {
        /// To be given back with its result.
        package let number: Int
        /// As the client has registered it.
        package let url: AbsoluteURL
    }

    /// What the owner of the table has to do, in the order given.
    package enum Command: Sendable, Equatable {
        /// GET this, and give the result back.
        case fetch(Fetch)
        /// Whoever waits for this address is to ask with `answer`.
        case settled(AbsoluteURL)
        /// For the log.
        case note(AbsoluteURL, KeyRingNote)
    }

    private struct Entry {
        var ring: KeyRing
        var usedAt: UInt64
        var octets = 0
    }
    /// A fetch that somebody performs, whether or not its ring still waits for it.
    private struct UnderWay {
        let url: AbsoluteURL
        let ringNumber: Int
    }

    private let bounds: KeyRingTableBounds
    private var entries: [AbsoluteURL: Entry] = [:]
    private var fetches: [Int: UnderWay] = [:]
    private var fetchNumber = 0
    private var uses: UInt64 = 0
    private var octets = 0

    package init(bounds: KeyRingTableBounds = KeyRingTableBounds()) { self.bounds = bounds }

    /// Addresses that are remembered.
    package var count: Int { entries.count }

    /// A fetch that `settled` will follow.
    package func isFetching(_ url: AbsoluteURL) -> Bool { entries[url]?.ring.isFetching ?? false }

    /// Whether a fetch from the host could begin now; while it could not, `busy` is the answer.
    package func hasRoom(for host: String) -> Bool {
        fetches.count < bounds.fetchesMax && fetches.values.count { $0.url.host == host } < bounds.fetchesPerHostMax
    }

    /// Somebody needs the keys at an address.
    /// - Parameters:
    ///   - missed: those that are known did not do.
    ///   - now: monotonic nanoseconds.
    package mutating func asked(
        _ url: AbsoluteURL, missed: Bool, now: Int64, random: UInt64
    ) -> (answer: Answer, commands: [Command]) {
        guard var entry = entries[url] ?? newEntry(url) else { return (.unavailable, []) }
        uses += 1
        entry.usedAt = uses
        let mayFetch = hasRoom(for: url.host)
        var ringCommands = entry.ring.woke(now: now, random: random, mayFetch: mayFetch)
        if missed, mayFetch { ringCommands += entry.ring.missed(now: now, random: random) }
        entries[url] = entry
        return (answer(entry.ring, missed: missed, now: now), commands(ringCommands, of: url))
    }

    /// A fetch has come to its end.
    package mutating func finished(
        _ number: Int, _ result: Result<OutgoingAnswer, KeyFetchFailure>, now: Int64, random: UInt64
    ) -> [Command] {
        guard let fetch = fetches.removeValue(forKey: number), var entry = entries[fetch.url] else { return [] }
        let ringCommands = entry.ring.finished(fetch.ringNumber, result, now: now, random: random)
        octets -= entry.octets
        if entry.ring.keys == nil {
            entry.octets = 0
        } else if !ringCommands.isEmpty, entry.ring.status(now: now).failures == 0, case .success(let answer) = result {
            entry.octets = answer.body.count
        }
        octets += entry.octets
        entries[fetch.url] = entry
        while octets > bounds.octetsMax, removeOldest(but: fetch.url) {}
        return commands(ringCommands, of: fetch.url)
    }

    /// What is there for somebody who has waited.
    /// - Parameter since: when they asked.
    package func answer(_ url: AbsoluteURL, since: Int64, now: Int64) -> Answer {
        guard let ring = entries[url]?.ring, let keys = ring.keys else { return .unavailable }
        let fetchedAt = now &- (ring.status(now: now).ageNanoseconds ?? now)
        return .keys(keys.set, fetchedAt >= since ? .fetched : .kept)
    }

    // MARK: Inside

    private func answer(_ ring: KeyRing, missed: Bool, now: Int64) -> Answer {
        let status = ring.status(now: now)
        if let keys = ring.keys, !missed, !status.isStale { return .keys(keys.set, .remembered) }
        if status.isFetching { return .pending }
        if ring.isDue(missed: missed, now: now) { return .busy }
        guard let keys = ring.keys else { return .unavailable }
        return .keys(keys.set, status.isStale || status.failures > 0 ? .kept : .remembered)
    }

    private mutating func commands(_ commands: [KeyRing.Command], of url: AbsoluteURL) -> [Command] {
        commands.map { command in
            switch command {
            case .settled: return .settled(url)
            case .note(let note): return .note(url, note)
            case .fetch(let fetch):
                fetchNumber += 1
                fetches[fetchNumber] = UnderWay(url: url, ringNumber: fetch.number)
                return .fetch(Fetch(number: fetchNumber, url: fetch.url))
            }
        }
    }

    // MARK: Room

    /// nil: there is no room, and nothing that could go.
    private mutating func newEntry(_ url: AbsoluteURL) -> Entry? {
        while entries.count >= bounds.ringsMax { guard removeOldest(but: url) else { return nil } }
        return Entry(ring: KeyRing(KeySource(identifier: "", place: .keySet(url)), bounds: bounds.ring), usedAt: 0)
    }

    /// Not one that is being fetched: what comes would be for nobody.
    private mutating func removeOldest(but kept: AbsoluteURL) -> Bool {
        let fetching = Set(fetches.values.map(\.url))
        let oldest = entries.filter { $0.key != kept && !fetching.contains($0.key) }.min {
            $0.value.usedAt < $1.value.usedAt
        }
        guard let oldest else { return false }
        octets -= oldest.value.octets
        entries[oldest.key] = nil
        return true
    }
}
