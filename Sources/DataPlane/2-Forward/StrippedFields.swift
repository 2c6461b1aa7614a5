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

    init(headers: UpstreamHeaders) {
        let passing = Set(headers.pass.map { $0.lowercased() })
        var all = BelievedFields.all.subtracting(passing).union(BelievedFields.untouchable)
        let own = [headers.subject, headers.clientID, headers.scope, headers.issuer].compactMap { $0 }
        for name in own + headers.remove { all.insert(name.lowercased()) }
        let folded = Set(all.map { $0.utf8.map(Self.folded) })
        let sorted = folded.map { (hash: Field.foldedHash(of: $0), name: $0) }.sorted { $0.hash < $1.hash }
        hashes = sorted.map(\.hash)
        names = sorted.map(\.name)
        for hash in hashes { filter[Int((hash & 4_095) >> 6)] |= 1 << UInt64(hash & 63) }
    }

    /// Whether this field of the request must not reach the upstream.
    func contains(_ field: Field, in head: borrowing RequestHead) -> Bool {
        guard mayContain(field.foldedHash) else { return false }
        return contains(field, in: head.block)
    }

    /// In whatever spelling an upstream might take for one of the names.
    func contains(_ field: Field, in block: borrowing FieldBlock) -> Bool {
        guard mayContain(field.foldedHash) else { return false }
        var place = firstPlace(of: field.foldedHash)
        while place < hashes.count, hashes[place] == field.foldedHash {
            if block.isNamed(field, folded: names[place]) { return true }
            place += 1
        }
        return false
    }

    /// As `FieldBlock.isNamed` compares: lower case, `-` for `_` and `.`.
    private static func folded(_ octet: UInt8) -> UInt8 {
        octet == UInt8(ascii: "_") || octet == UInt8(ascii: ".") ? UInt8(ascii: "-") : ASCII.lowercased(octet)
    }

    private func mayContain(_ hash: UInt32) -> Bool { filter[Int((hash & 4_095) >> 6)] & (1 << UInt64(hash & 63)) != 0 }

    /// Whether a field whose name has `_` or `.` is, where these are read as `-`, one that must not reach the upstream, or
    /// any that the gateway knows and has judged in its registered spelling.
    func containsFolded(_ field: Field, in head: borrowing RequestHead) -> Bool {
        for name in names where head.isNamed(field, folded: name) { return true }
        for name in Self.known where head.isNamed(field, folded: name) { return true }
        return false
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
