/// Whole records, one behind the other, on their way to the sink.
struct AuditBatch: Sendable {
    var octets: [UInt8]
    /// How many records they are.
    var records: Int

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

    mutating func append(_ other: AuditBatch) {
        octets.append(contentsOf: other.octets)
        records &+= other.records
    }

    mutating func empty() {
        octets.removeAll(keepingCapacity: true)
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
}
