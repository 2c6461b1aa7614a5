import HTTP
import Octets
import Policy

/// The request fields that no client may send to an upstream: everything the gateway says itself, and everything that
/// upstreams have been known to believe (`BelievedFields`), as far as its entry does not let it pass.
struct StrippedFields: Sendable {
    /// A bit for each name, by the lowest bits of its hash: most fields of requests end here.
    private var filter: [UInt64] = Array(repeating: 0, count: 64)
    /// In order, and the names in the same one, folded.
    private let hashes: [UInt32]
    private let names: [[UInt8]]
    /// What names must not begin with, folded; and the first letters of these, a bit for each.
    private let prefixes: [[UInt8]]
    private let firstLetters: UInt32
    /// What the upstream's entry lets pass, as it stands there but in lower case.
    private let passing: [[UInt8]]

    init(headers: UpstreamHeaders) {
        let passing = Set(headers.pass.map { $0.lowercased() })
        var all = BelievedFields.all.subtracting(passing).union(BelievedFields.untouchable)
        let own = [headers.subject, headers.clientID, headers.scope, headers.issuer].compactMap { $0 }
        for name in own + headers.remove { all.insert(name.lowercased()) }
        let folded = Set(all.map { $0.utf8.map(Self.folded) })
        let sorted = folded.map { (hash: Field.foldedHash(of: $0), name: $0) }.sorted { $0.hash < $1.hash }
        hashes = sorted.map(\.hash)
        names = sorted.map(\.name)
        prefixes = BelievedFields.prefixes.map { $0.utf8.map(Self.folded) }
        firstLetters = prefixes.reduce(0) { $0 | Self.bit($1[0]) }
        self.passing = passing.map { $0.utf8.map(ASCII.lowercased) }
        for hash in hashes { filter[Int((hash & 4_095) >> 6)] |= 1 << UInt64(hash & 63) }
    }

    /// Whether this field of the request must not reach the upstream.
    func contains(_ field: Field, in head: borrowing RequestHead) -> Bool {
        guard mayContain(field.foldedHash) || field.known == .other else { return false }
        return contains(field, in: head.block)
    }

    /// In whatever spelling an upstream might take for one of the names.
    func contains(_ field: Field, in block: borrowing FieldBlock) -> Bool {
        if mayContain(field.foldedHash) {
            var place = firstPlace(of: field.foldedHash)
            while place < hashes.count, hashes[place] == field.foldedHash {
                if block.isNamed(field, folded: names[place]) { return true }
                place += 1
            }
        }
        return field.known == .other && hasPrefix(field, in: block) && !passes(field, in: block)
    }

    private func hasPrefix(_ field: Field, in block: borrowing FieldBlock) -> Bool {
        guard field.name.start < block.bytes.count, field.name.count > 2,
            firstLetters & Self.bit(Self.folded(block.bytes[field.name.start])) != 0
        else { return false }
        for prefix in prefixes where block.name(field, beginsWith: prefix) { return true }
        return false
    }

    /// Whether the upstream's entry lets the field pass, spelled as there.
    func passes(_ field: Field, in block: borrowing FieldBlock) -> Bool {
        for name in passing where block.octets(field.name).elementsEqual(name, by: { ASCII.lowercased($0) == $1 }) {
            return true
        }
        return false
    }

    /// As `FieldBlock.isNamed` compares: lower case, `-` for all but letters and digits.
    private static func folded(_ octet: UInt8) -> UInt8 {
        ASCII.isAlphanumeric(octet) ? ASCII.lowercased(octet) : UInt8(ascii: "-")
    }

    /// Of a folded octet, letters apart.
    private static func bit(_ octet: UInt8) -> UInt32 { 1 << UInt32(octet & 0x1F) }

    private func mayContain(_ hash: UInt32) -> Bool { filter[Int((hash & 4_095) >> 6)] & (1 << UInt64(hash & 63)) != 0 }

    /// Whether a field with an irregular name is, folded, one that must not reach the upstream, or any that the gateway
    /// knows and has judged in its registered spelling.
    func containsFolded(_ field: Field, in head: borrowing RequestHead) -> Bool {
        for name in names where head.isNamed(field, folded: name) { return true }
        for name in Self.known where head.isNamed(field, folded: name) { return true }
        return hasPrefix(field, in: head.block)
    }

    private static let known: [[UInt8]] = KnownField.allCases.filter { $0 != .other }.map { field in
        field.name.withUTF8Buffer { Array($0) }
    }

    private func firstPlace(of hash: UInt32) -> Int {
        var (low, high) = (0, hashes.count)
        while low < high {
            let middle = (low + high) / 2
            if hashes[middle] < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
