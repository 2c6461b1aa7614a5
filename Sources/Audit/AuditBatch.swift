/// Whole records, one behind the other, on their way to the sink.
struct AuditBatch: Sendable {
    var octets: [UInt8]
    /// How many records they are.
    var records: Int
    /// Where the records are of refused requests that matched no route, in ascending order.
    private(set) var unmatched: [Range<Int>] = []
    /// Their octets.
    private(set) var unmatchedBytes = 0

    /// From this many octets on a batch is full: what one write to the sink takes.
    static let fullBytes = 65_536
    /// A batch never has to grow: a full one is handed over, and one more record fits in any other.
    static let capacity = fullBytes + AuditRecord.bytesMax

    /// With room for a full batch.
    init() {
        octets = []
        octets.reserveCapacity(Self.capacity)
        records = 0
    }

    init(octets: consuming [UInt8], records: Int) {
        self.octets = octets
        self.records = records
    }

    var isFull: Bool { octets.count >= Self.fullBytes }

    /// The octets, to be written to and given back.
    mutating func takeOctets() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &octets)
        return taken
    }

    mutating func append(_ other: AuditBatch) {
        let start = octets.count
        octets.append(contentsOf: other.octets)
        records &+= other.records
        for range in other.unmatched { markUnmatched(start &+ range.lowerBound..<start &+ range.upperBound) }
    }

    /// What is there from `start` on is the record of a refused request that matched no route.
    mutating func markUnmatched(from start: Int) { markUnmatched(start..<octets.count) }

    private mutating func markUnmatched(_ range: Range<Int>) {
        unmatchedBytes &+= range.count
        if let last = unmatched.indices.last, unmatched[last].upperBound == range.lowerBound {
            unmatched[last] = unmatched[last].lowerBound..<range.upperBound
        } else {
            unmatched.append(range)
        }
    }

    mutating func empty() {
        octets.removeAll(keepingCapacity: true)
        unmatched.removeAll(keepingCapacity: true)
        unmatchedBytes = 0
        records = 0
    }

    /// Where the record begins that the octet at `offset` belongs to.
    func startOfRecord(at offset: Int) -> Int {
        (octets[..<min(offset, octets.count)].lastIndex(of: 0x0A) ?? -1) + 1
    }

    /// How many records end before `offset`.
    func recordsEnded(before offset: Int) -> Int {
        octets[..<min(offset, octets.count)].reduce(0) { $0 &+ ($1 == 0x0A ? 1 : 0) }
    }

    /// Those of requests that matched a route, and the others.
    func divided() -> (matched: AuditBatch, unmatched: AuditBatch) {
        var matched: [UInt8] = []
        var others: [UInt8] = []
        var place = 0
        for range in unmatched {
            matched += octets[place..<range.lowerBound]
            others += octets[range]
            place = range.upperBound
        }
        matched += octets[place...]
        let ends = { (octets: [UInt8]) in octets.count { $0 == 0x0A } }
        let (matchedRecords, otherRecords) = (ends(matched), ends(others))
        return (
            AuditBatch(octets: matched, records: matchedRecords), AuditBatch(octets: others, records: otherRecords)
        )
    }
}
